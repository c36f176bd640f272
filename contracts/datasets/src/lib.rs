//! See the crate's Cargo.toml; filled in by its author.
