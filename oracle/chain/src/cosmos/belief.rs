//! [`Belief`]: what is believed of the chain's head when endpoints may lag, stand still or lie, as values without I/O.
//!
//! The rule: what two endpoints say is believed. The head is the highest height that two of them have, and a header is
//! one that two give alike. Where only one answers its word stands, within what a chain can do meanwhile, and only as
//! long as it stands by it: nothing that was believed outlives the next time that two endpoints speak.

use std::time::{Duration, Instant};

/// How many heights apart endpoints of one chain may be.
pub const LAG: u64 = 3;
/// Blocks a second, at most, that one endpoint is believed while others do not answer. Validators that are apart need
/// longer; an endpoint that makes up blocks gets no further ahead.
pub const FASTEST: u64 = 10;
/// How far a block's time may be ahead of this machine's clock, in seconds, if one endpoint alone says so. A block's
/// time is the median of the validators' clocks: a machine without NTP is off by minutes at most, while what Lyceum
/// has deadlines for takes many minutes.
const AHEAD: u64 = 600;
/// How old the last block of an endpoint may be before it no longer counts against those that go on, in seconds: more
/// than clocks are usually apart, and than a chain stands still for on its own.
const STALE: u64 = 120;
/// How long an endpoint is put behind the others whose answer was not the one that was taken.
pub const DOUBTED: Duration = Duration::from_secs(60);

/// The height that is believed to be the chain's last; 0 before anything was heard. It goes back when endpoints no
/// longer stand by what they said.
#[derive(Debug, Clone, Default)]
pub struct Belief {
    height: u64,
    /// The last height that did not rest on one of several endpoints alone, or the first of all, and when.
    firm: Option<(u64, Instant)>,
}

impl Belief {
    /// Whether anything was believed so far that did not rest on one of several endpoints while others spoke.
    pub fn is_firm(&self) -> bool {
        self.firm.is_some()
    }

    /// Takes in the heights that endpoints gave at the same time, out of so many that there are, and gives what is now
    /// believed.
    pub fn hear(&mut self, words: &[u64], endpoints: usize, now: Instant) -> u64 {
        let mut words = words.to_vec();
        words.sort_unstable_by(|a, b| b.cmp(a));
        let (height, firm) = match words.as_slice() {
            [] => return self.height,
            [only] if endpoints > 1 => ((*only).min(self.reach(now)), self.firm.is_none()),
            [only] => (*only, true),
            [_, second, ..] => (*second, true),
        };
        self.height = height;
        if firm {
            self.firm = Some((height, now));
        }
        height
    }

    /// The furthest that the chain can have come.
    fn reach(&self, now: Instant) -> u64 {
        let Some((height, at)) = self.firm else { return u64::MAX };
        let millis = u64::try_from(now.saturating_duration_since(at).as_millis()).unwrap_or(u64::MAX);
        height.saturating_add(LAG).saturating_add(millis.saturating_mul(FASTEST) / 1_000)
    }

    /// Why an endpoint that says this height is put behind the others, if it is.
    pub fn against(&self, word: u64, now: Instant) -> Option<String> {
        if self.height == 0 {
            None
        } else if word.saturating_add(LAG) < self.height {
            Some(format!("{} heights behind", self.height - word))
        } else if word > self.reach(now) {
            Some(format!("says height {word} where the others say {}", self.height))
        } else {
            None
        }
    }
}

/// Whether two of these heights are those of endpoints that follow the same chain, so that no more need be asked.
pub fn settled(words: &[u64]) -> bool {
    matches!(words, [a, b] if a.abs_diff(*b) <= LAG)
}

/// Whether a block is of this time, so that its endpoint has not stood still for long.
pub fn is_fresh(block: u64, clock: u64) -> bool {
    block.saturating_add(STALE) >= clock && is_near(block, clock)
}

/// Whether a block's time can be right by this machine's clock, both Unix seconds.
pub fn is_near(block: u64, clock: u64) -> bool {
    block <= clock.saturating_add(AHEAD)
}

/// Which of several answers to the same question is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// This one.
    Take(usize),
    /// None: they differ, and each may be right.
    Differ,
    /// None: there is but what can't be right, and no two agree on it.
    Implausible,
}

/// The answer that two give alike; or else the only one that may be right; or that of the only endpoint there is.
pub fn choose<T: PartialEq>(answers: &[T], endpoints: usize, plausible: impl Fn(&T) -> bool) -> Choice {
    let alike = |i: &usize| answers[i + 1..].contains(&answers[*i]);
    if let Some(first) = (0..answers.len()).find(alike) {
        return Choice::Take(first);
    }
    let mut likely = (0..answers.len()).filter(|i| plausible(&answers[*i]));
    match (likely.next(), likely.next()) {
        (Some(_), Some(_)) => Choice::Differ,
        (Some(one), None) => Choice::Take(one),
        (None, _) if endpoints == 1 && answers.len() == 1 => Choice::Take(0),
        (None, _) => Choice::Implausible,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_of_two_that_says_too_much_is_not_believed_and_is_put_behind() {
        let (mut belief, now) = (Belief::default(), Instant::now());
        assert_eq!(belief.hear(&[1_000_000, 100], 2, now), 100);
        assert!(belief.against(1_000_000, now).unwrap().contains("1000000"));
        assert_eq!(belief.against(101, now), None);
        assert_eq!(belief.hear(&[1_000_000, 101, 102], 3, now), 102);
        assert_eq!(belief.against(98, now).unwrap(), "4 heights behind");
    }

    #[test]
    fn a_lone_word_stands_only_within_what_a_chain_can_do_and_does_not_stick() {
        let (mut belief, start) = (Belief::default(), Instant::now());
        let at = |s| start + Duration::from_secs(s);
        assert_eq!(belief.hear(&[100, 100], 2, at(0)), 100);
        assert_eq!(belief.hear(&[101], 2, at(1)), 101);
        // As often as it is asked.
        for _ in 0..100 {
            assert_eq!(belief.hear(&[1_000_000], 2, at(2)), 100 + LAG + 2 * FASTEST);
        }
        assert_eq!(belief.hear(&[1_000_000, 102], 2, at(3)), 102);
        // The only endpoint there is, and the first word of all.
        assert_eq!(Belief::default().hear(&[1_000_000], 2, at(0)), 1_000_000);
        let mut alone = Belief::default();
        assert_eq!([9, 1_000_000, 10].map(|word| alone.hear(&[word], 1, at(0))), [9, 1_000_000, 10]);
    }

    #[test]
    fn an_answer_that_two_give_is_taken_and_a_lone_one_only_if_it_may_be_right() {
        let right = |n: &u64| *n < 100;
        assert_eq!(choose(&[7, 9, 9], 3, right), Choice::Take(1));
        // Two agree: then it is this machine's clock that is wrong.
        assert_eq!(choose(&[7, 900, 900], 3, right), Choice::Take(1));
        assert_eq!(choose(&[7, 9], 2, right), Choice::Differ);
        assert_eq!(choose(&[900, 9], 2, right), Choice::Take(1));
        assert_eq!(choose(&[900], 2, right), Choice::Implausible);
        assert_eq!(choose(&[900], 1, right), Choice::Take(0));
        assert_eq!(choose(&[], 1, right), Choice::Implausible);
    }

    #[test]
    fn one_that_stands_still_or_is_ahead_of_the_clock_is_not_of_this_time() {
        assert!(is_fresh(1_000, 1_120) && is_fresh(1_060, 1_000) && !is_fresh(1_000, 1_121));
        assert!(!is_fresh(1_601, 1_000) && is_near(1_600, 1_000));
        assert!(is_near(u64::MAX, u64::MAX) && !is_near(u64::MAX, 0));
    }

    proptest! {
        #[test]
        fn no_single_endpoint_moves_the_head_beyond_what_an_honest_one_says(
            honest in prop::collection::vec(1u64..1_000, 2..5),
            lies in prop::collection::vec(any::<u64>(), 1..8),
        ) {
            let now = Instant::now();
            let mut belief = Belief::default();
            for lie in lies {
                let words: Vec<u64> = honest.iter().copied().chain([lie]).collect();
                let height = belief.hear(&words, words.len(), now);
                prop_assert!(height <= *honest.iter().max().unwrap());
                let mut sorted = honest.clone();
                sorted.sort_unstable();
                prop_assert!(height >= sorted[sorted.len() - 2], "nor does it hold it back");
            }
        }

        #[test]
        fn while_others_are_silent_one_gains_no_more_than_its_time_allows(
            firm in 1u64..u64::MAX / 2,
            steps in prop::collection::vec((any::<u64>(), 0u64..5_000), 1..20),
        ) {
            let mut now = Instant::now();
            let mut belief = Belief::default();
            belief.hear(&[firm, firm], 2, now);
            let mut passed = 0;
            for (word, millis) in steps {
                passed += millis;
                now += Duration::from_millis(millis);
                let height = belief.hear(&[word], 2, now);
                prop_assert!(height <= word && height <= firm + LAG + FASTEST * passed / 1_000 + FASTEST);
            }
            prop_assert_eq!(belief.hear(&[firm, u64::MAX], 2, now), firm);
        }
    }
}
