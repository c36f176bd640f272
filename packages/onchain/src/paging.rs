//! Bounded paging: no query walks further than a page.

/// Items of a page that names no limit.
pub const DEFAULT_LIMIT: u32 = 30;
/// Most items of a page.
pub const MAX_LIMIT: u32 = 100;

/// The number of items of a page.
pub fn limit(asked: Option<u32>) -> usize {
    asked.unwrap_or(DEFAULT_LIMIT).min(MAX_LIMIT) as usize
}
