//! Keeps libtorch.so among the libraries that `lyceum` loads, and lets an installed `lyceum` find them.
//!
//! Nothing in the program calls into libtorch.so itself, so the linker would drop it, and with it
//! libtorch_cuda.so, which only libtorch.so asks for: a GPU would never be seen.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux") {
        println!("cargo::rustc-link-arg-bins=-Wl,--push-state,--no-as-needed,-ltorch,--pop-state");
        // Where the program is installed: bin/lyceum beside lib/.
        println!("cargo::rustc-link-arg-bins=-Wl,-rpath,$ORIGIN/../lib");
    }
}
