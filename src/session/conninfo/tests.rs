//! Connection strings and what they come to, without touching the process's environment.
