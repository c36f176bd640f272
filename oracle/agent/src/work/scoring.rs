//! Which items are scored. These choices are the network's, not a node's: scores of different seats must compare.

use lyceum_learn::items::Items;
use lyceum_learn::{LearnError, Model, score};

use crate::Hash32;

/// Items of a domain's public held-out text on which guards, heads and baselines are scored.
pub const PUBLIC_ITEMS: usize = 24;
/// A seat's own synthetic items.
pub const SYNTHETIC_ITEMS: usize = 16;
/// Items on which a trainer measures itself.
pub const OWN_ITEMS: usize = 32;

/// The public items of a domain: windows of `sequence + 1` bytes, drawn by the text's own root; all there are, if
/// they are fewer than [`PUBLIC_ITEMS`].
pub fn public_items(held_out: &[u8], sequence: u32) -> Result<Items, LearnError> {
    drawn(held_out, sequence, PUBLIC_ITEMS, &Hash32::of(held_out))
}

/// The score of a model on a domain's public items, bits per byte × 10⁻⁶: what a domain's baseline is, and what
/// guards and heads are held against.
pub fn public_score(model: &Model, held_out: &[u8], sequence: u32) -> Result<i64, LearnError> {
    Ok(score(model, &public_items(held_out, sequence)?)?.mean)
}

/// Items drawn by a seed, at most as many as there are.
pub fn drawn(text: &[u8], sequence: u32, count: usize, seed: &Hash32) -> Result<Items, LearnError> {
    let window = sequence as usize + 1;
    Items::draw(text, window, count.min(text.len() / window).max(1), seed)
}

/// A seat's synthetic items.
pub fn synthetic_items(held_out: &[u8], sequence: u32, seed: &Hash32) -> Result<Items, LearnError> {
    Items::synthesize(held_out, sequence as usize + 1, SYNTHETIC_ITEMS, seed)
}
