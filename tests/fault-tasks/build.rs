//! Compiles the tasks to wasm32.

fn main() {
    // As deep as the stack of wasm itself: both can be used up.
    sandpool_build::compile_with(|build| build.stack_bytes(1 << 20));
}
