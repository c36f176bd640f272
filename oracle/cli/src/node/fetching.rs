//! How far a fetch is, in lines that an operator reads: nothing of those that are over at once, then one every so
//! often, and how it ended. What is said is a function of time and progress; the clock is the caller's.

use std::time::Duration;

use lyceum_net::Progress;

/// A fetch that is over by then is not spoken of.
const FIRST: Duration = Duration::from_secs(3);
/// From one line to the next.
const EVERY: Duration = Duration::from_secs(15);

/// What has been said of one fetch.
#[derive(Debug, Default)]
pub struct Teller {
    /// When something was said last, since the fetch began.
    said: Option<Duration>,
    /// What was there already when this fetch began: an earlier one's, which says nothing of the rate.
    before: Option<u64>,
    latest: Progress,
}

/// A line.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Bytes that are there.
    pub done: u64,
    /// Of how many: `?` until that is proved.
    pub of: String,
    /// Peers that send.
    pub sources: usize,
    /// Bytes a second since the fetch began.
    pub rate: u64,
    /// Seconds since then.
    pub seconds: u64,
}

impl Teller {
    /// Hears how far the fetch is; gives a line if it is time for one.
    pub fn hear(&mut self, since: Duration, progress: Progress) -> Option<Line> {
        self.latest = progress;
        if progress.length.is_some() && self.before.is_none() {
            self.before = Some(progress.done);
        }
        if since < self.said.map_or(FIRST, |said| said + EVERY) {
            return None;
        }
        self.said = Some(since);
        Some(self.line(since))
    }

    /// How it ended, if anything was said of it.
    pub fn end(&self, since: Duration, whole: bool) -> Option<Line> {
        self.said?;
        let mut line = self.line(since);
        if let (true, Some(length)) = (whole, self.latest.length) {
            line.done = length;
            line.rate = self.rate(since, length);
        }
        Some(line)
    }

    fn line(&self, since: Duration) -> Line {
        let Progress { length, done, sources } = self.latest;
        let of = length.map_or_else(|| "?".to_owned(), |length| length.to_string());
        Line { done, of, sources, rate: self.rate(since, done), seconds: since.as_secs() }
    }

    fn rate(&self, since: Duration, done: u64) -> u64 {
        let came = u128::from(done.saturating_sub(self.before.unwrap_or(done)));
        let rate = came * 1_000 / since.as_millis().max(1);
        u64::try_from(rate).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(done: u64) -> Progress {
        Progress { length: Some(1_000_000), done, sources: 2 }
    }

    /// What a fetch that is heard of ten times a second says.
    fn lines(teller: &mut Teller, seconds: u64, progress: impl Fn(u64) -> Progress) -> Vec<Line> {
        let hear = |tenth: u64| teller.hear(Duration::from_millis(tenth * 100), progress(tenth));
        (0..seconds * 10).filter_map(hear).collect()
    }

    #[test]
    fn what_is_over_at_once_is_not_spoken_of() {
        let mut teller = Teller::default();
        assert!(lines(&mut teller, 2, |tenth| at(tenth * 1_000)).is_empty());
        assert_eq!(teller.end(Duration::from_secs(2), true), None);
    }

    #[test]
    fn a_long_fetch_says_a_line_now_and_then_with_bytes_sources_and_rate() {
        let mut teller = Teller::default();
        let said = lines(&mut teller, 60, |tenth| at(100_000 + tenth * 1_000));
        let seconds: Vec<u64> = said.iter().map(|line| line.seconds).collect();
        assert_eq!(seconds, [3, 18, 33, 48]);
        let last = Line { done: 580_000, of: "1000000".to_owned(), sources: 2, rate: 10_000, seconds: 48 };
        assert_eq!(said[3], last, "without what was there before");
        let end = teller.end(Duration::from_secs(90), true).unwrap();
        assert_eq!((end.done, end.rate), (1_000_000, 10_000));
        assert_eq!(teller.end(Duration::from_secs(90), false).unwrap().done, 699_000);
    }

    #[test]
    fn a_blob_of_which_nobody_has_proved_a_length_is_spoken_of_too() {
        let mut teller = Teller::default();
        let said = lines(&mut teller, 4, |_| Progress::default());
        assert_eq!(said, [Line { done: 0, of: "?".to_owned(), sources: 0, rate: 0, seconds: 3 }]);
    }
}
