//! What a fetch knows of a peer, and how much of its patience the peer has used up.

use std::time::Duration;

use crate::limits::Limits;

/// What becomes of a peer after a request that brought nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// It is asked again after a pause.
    Rest(Duration),
    /// It rests or was dropped already: what was on its way together with another failure says nothing new.
    Known,
    /// It isn't asked again.
    Drop,
}

/// What a fetch knows of a peer.
#[derive(Debug)]
pub(super) struct PeerState {
    /// It proved that it has the blob.
    pub source: bool,
    /// It isn't asked for anything until its pause is over.
    pub resting: bool,
    /// Requests for windows on their way to it.
    pub in_flight: usize,
    /// How many may be: fewer after a failure.
    pub depth: usize,
    /// Goes on with each failure. A request carries the one of its time.
    pub era: u32,
    failures: u32,
    busies: u32,
}

impl PeerState {
    pub(super) fn new(limits: &Limits) -> Self {
        let depth = limits.depth.max(1);
        Self { source: false, resting: false, in_flight: 0, depth, era: 0, failures: 0, busies: 0 }
    }

    /// Whether it can be asked for a window.
    pub(super) fn is_willing(&self) -> bool {
        self.source && !self.resting
    }

    /// A request brought what it was to bring.
    pub(super) fn did_well(&mut self, limits: &Limits) {
        (self.failures, self.busies) = (0, 0);
        self.depth = (self.depth + 1).min(limits.depth.max(1));
    }

    /// It didn't answer, or couldn't.
    pub(super) fn failed(&mut self, era: u32, limits: &Limits) -> Next {
        let most = limits.retries.max(1);
        if !self.turns(era) {
            return Next::Known;
        }
        let pause = limits.pause_after(self.failures);
        self.failures += 1;
        self.rest(self.failures < most, pause)
    }

    /// It has too much to do. That is no failure: it says that it works, so it keeps what it may still fail.
    pub(super) fn was_busy(&mut self, era: u32, limits: &Limits) -> Next {
        let most = limits.busies.max(1);
        if !self.turns(era) {
            return Next::Known;
        }
        let pause = limits.pause_after(self.busies);
        self.busies += 1;
        self.rest(self.busies < most, pause)
    }

    /// It is of no use to this fetch. Whether that is news.
    pub(super) fn is_of_no_use(&mut self, era: u32) -> bool {
        self.source = false;
        self.turns(era)
    }

    /// Whether a request is of this era; then the next one begins.
    fn turns(&mut self, era: u32) -> bool {
        let now = self.era == era;
        self.era += u32::from(now);
        now
    }

    fn rest(&mut self, again: bool, pause: Duration) -> Next {
        self.depth = (self.depth / 2).max(1);
        self.resting = again;
        if again { Next::Rest(pause) } else { Next::Drop }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        Limits { retries: 3, busies: 5, pause: Duration::from_millis(10), depth: 8, ..Limits::default() }
    }

    #[test]
    fn failures_in_a_row_end_it_and_what_goes_well_between_them_does_not() {
        let (limits, ms) = (limits(), Duration::from_millis);
        let mut peer = PeerState::new(&limits);
        assert_eq!(peer.failed(peer.era, &limits), Next::Rest(ms(10)));
        assert_eq!(peer.failed(peer.era, &limits), Next::Rest(ms(20)));
        peer.did_well(&limits);
        assert_eq!(peer.failed(peer.era, &limits), Next::Rest(ms(10)));
        assert_eq!(peer.failed(peer.era, &limits), Next::Rest(ms(20)));
        assert_eq!(peer.failed(peer.era, &limits), Next::Drop);
    }

    #[test]
    fn what_fails_together_counts_once() {
        let limits = limits();
        let mut peer = PeerState::new(&limits);
        let era = peer.era;
        assert!(matches!(peer.failed(era, &limits), Next::Rest(_)));
        assert_eq!(peer.depth, 4);
        for _ in 0..20 {
            assert_eq!(peer.failed(era, &limits), Next::Known);
            assert_eq!(peer.was_busy(era, &limits), Next::Known);
        }
        assert!(matches!(peer.failed(peer.era, &limits), Next::Rest(_)), "one more is left");
    }

    #[test]
    fn busy_uses_up_no_failures_and_has_an_end_of_its_own() {
        let limits = limits();
        let mut peer = PeerState::new(&limits);
        for _ in 0..4 {
            assert!(matches!(peer.was_busy(peer.era, &limits), Next::Rest(_)));
        }
        assert!(matches!(peer.failed(peer.era, &limits), Next::Rest(p) if p == limits.pause));
        assert_eq!(peer.was_busy(peer.era, &limits), Next::Drop);
        assert!(!peer.resting);
    }
}
