//! The whole network, through its seven real contracts: claims of every fate, learning blocks, pauses, and the
//! proof that no coin is made or lost by any of it.
//!
//! This room depends on `lyceum-testing` alone. Start reading at `tests/network/books.rs`: what every contract must
//! hold, told from the outside, by its answers; `lives.rs` is the story, `pauses.rs` the pause, and `random.rs`
//! plays whatever seeded dice say.
