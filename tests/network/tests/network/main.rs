//! See the crate's documentation.

mod books;
mod lives;
mod pauses;
mod random;
