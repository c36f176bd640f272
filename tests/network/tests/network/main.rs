//! See the crate's documentation.

mod books;
mod dice;
mod lives;
mod pauses;
mod random;
