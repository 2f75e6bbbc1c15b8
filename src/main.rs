//! Parses, runs, prints the chain of an error, returns the code.

fn main() {}
