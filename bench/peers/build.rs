//! Compiles the plug-in, with the profile that sandpool gives its own guests.

use sandpool_build::Build;

fn main() {
    let built = Build::new("guest").run().unwrap_or_else(|error| panic!("{error}"));
    for input in built.inputs {
        println!("cargo::rerun-if-changed={}", input.display());
    }
    println!("cargo::rustc-env=PLUGIN={}", built.module.display());
}
