//! Lists `checks/*/check.sql`, so that a check is registered by being there.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, error::Error, fs};

#[allow(
    clippy::print_stdout,
    reason = "this is how a build script talks to cargo"
)]
fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=checks");
    let checks = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("checks");
    let mut paths = Vec::new();
    for entry in fs::read_dir(&checks)? {
        let path = entry?.path().join("check.sql");
        if path.is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    let mut list = String::from("&[\n");
    for path in paths {
        let id = path
            .parent()
            .and_then(Path::file_name)
            .ok_or("a check without a folder")?;
        let id = id.to_str().ok_or("a check's id is ASCII")?;
        writeln!(list, "    ({id:?}, include_str!({path:?})),")?;
    }
    list.push(']');
    fs::write(Path::new(&env::var("OUT_DIR")?).join("checks.rs"), list)?;
    Ok(())
}
