//! Databases as nobody would make them, and texts as no server would print them: an audit reads what it
//! can, calls the rest unproven, and never panics.
//!
//! `TENANTCTL_FUZZ=N` makes N databases and mutates N × 100 texts instead of the usual numbers;
//! `TENANTCTL_SEED=S` makes others, or repeats a run.

mod broken;
mod catalogs;
mod oddities;
mod sabotage;
mod texts;
mod words;

/// Where a run begins: the same in every test run, longer ones are given seeds of their own.
const SEED: u64 = 11;

fn number(variable: &str) -> Option<u64> {
    let value = std::env::var(variable).ok()?;
    Some(
        value
            .parse()
            .unwrap_or_else(|_| panic!("{variable}={value}")),
    )
}

/// The seeds of a run of this many.
fn seeds(usual: u64, each: u64) -> impl Iterator<Item = u64> {
    let first = number("TENANTCTL_SEED").unwrap_or(SEED);
    let count = number("TENANTCTL_FUZZ").map_or(usual, |count| count * each);
    eprintln!("seeds {first} to {}", first + count - 1);
    first..first + count
}
