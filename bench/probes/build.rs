//! Compiles the tasks to wasm32.

fn main() {
    sandpool_build::compile();
}
