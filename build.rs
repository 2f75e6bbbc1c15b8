//! Lists `checks/*/check.sql`, so that a check is registered by being there.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=checks");
    let root = env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let mut ids: Vec<String> = fs::read_dir(Path::new(&root).join("checks"))
        .expect("checks/ is part of the sources")
        .filter_map(|entry| {
            let entry = entry.ok()?;
            entry
                .path()
                .join("check.sql")
                .is_file()
                .then(|| entry.file_name().into_string().ok())?
        })
        .collect();
    ids.sort();
    let mut list = String::from("&[\n");
    for id in ids {
        let path = Path::new(&root).join("checks").join(&id).join("check.sql");
        writeln!(list, "    ({id:?}, include_str!({path:?})),").expect("a String takes it");
    }
    list.push(']');
    let target = Path::new(&env::var("OUT_DIR").expect("cargo sets it")).join("checks.rs");
    fs::write(target, list).expect("OUT_DIR is writable");
}
