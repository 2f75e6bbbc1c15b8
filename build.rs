//! Lists `checks/*/check.sql`, so that a check is registered by being there.
fn main() {}
