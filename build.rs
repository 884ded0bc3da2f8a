//! Cargo does not see a new migration folder by itself.
fn main() {
    println!("cargo::rerun-if-changed=migrations");
    println!("cargo::rerun-if-changed=config");
}
