//! Parses, runs, prints the chain of an error, returns the code.

use tenantctl::{cli, exit::Code};

fn main() -> Code {
    cli::main()
}
