//! Bounded paging: no query walks further than a page.

/// Items of a page that names no limit.
pub const DEFAULT_LIMIT: u32 = 30;
/// Most items of a page.
pub const MAX_LIMIT: u32 = 100;

/// The number of items of a page.
pub fn limit(asked: Option<u32>) -> usize {
    asked.unwrap_or(DEFAULT_LIMIT).min(MAX_LIMIT) as usize
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_page_is_never_longer_than_the_cap() {
        assert_eq!([None, Some(0), Some(7), Some(u32::MAX)].map(super::limit), [30, 0, 7, 100]);
    }
}
