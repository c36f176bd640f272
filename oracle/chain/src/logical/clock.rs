//! [`Clock`]: who is awake, who waits for what, and what time comes next.

use crate::{Head, Until};

/// Where a participant stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// It may act; the height waits for it.
    Awake,
    /// It submitted and is woken at the next height.
    Submitted,
    /// It waits.
    Waiting(Until),
    /// It left; nobody waits for it.
    Gone,
}

/// Who is woken by a new height.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Woken {
    /// The new height; none if nothing will ever happen again, and everybody is told so.
    pub head: Option<Head>,
    /// The participants, ascending.
    pub participants: Vec<usize>,
}

/// The rule of logical time over some participants.
#[derive(Debug, Clone)]
pub struct Clock {
    head: Head,
    block_seconds: u64,
    turns: Vec<Turn>,
}

impl Clock {
    /// A clock at a head; every participant is awake.
    pub fn new(head: Head, block_seconds: u64, participants: usize) -> Self {
        Self { head, block_seconds: block_seconds.max(1), turns: vec![Turn::Awake; participants] }
    }

    /// The open height.
    pub fn head(&self) -> Head {
        self.head
    }

    /// Whether a participant may end its turn. One that left (say, because its future was dropped) may come back.
    pub fn may_act(&self, participant: usize) -> bool {
        matches!(self.turns.get(participant), Some(Turn::Awake | Turn::Gone))
    }

    /// A participant ends its turn with transactions.
    pub fn submitted(&mut self, participant: usize) {
        self.turns[participant] = Turn::Submitted;
    }

    /// A participant ends its turn until something; a wait that is over already lasts until the next height.
    pub fn waits(&mut self, participant: usize, mut until: Until) {
        if until.over(self.head, false) {
            until.height = Some(self.head.height + 1);
        }
        self.turns[participant] = Turn::Waiting(until);
    }

    /// A participant leaves.
    pub fn leaves(&mut self, participant: usize) {
        if let Some(turn) = self.turns.get_mut(participant) {
            *turn = Turn::Gone;
        }
    }

    /// Whether the height can close: somebody takes part, and nobody is awake.
    pub fn complete(&self) -> bool {
        self.turns.iter().all(|t| *t != Turn::Awake) && self.turns.iter().any(|t| *t != Turn::Gone)
    }

    /// Closes a complete height and opens the next. `changed`: whether transactions were taken.
    pub fn close(&mut self, changed: bool) -> Woken {
        let waits =
            || self.turns.iter().filter_map(|t| if let Turn::Waiting(u) = t { Some(u) } else { None });
        let next = self.head.time.saturating_add(self.block_seconds);
        let everybody = |turns: &[Turn]| (0..turns.len()).filter(|i| turns[*i] != Turn::Gone).collect();
        let soon = self.turns.contains(&Turn::Submitted) || waits().any(|u| u.height.is_some());
        let time = if changed || soon {
            next
        } else {
            match waits().filter_map(|u| u.time).min() {
                Some(wanted) => wanted.max(next),
                None => {
                    let participants = everybody(&self.turns);
                    self.turns.iter_mut().filter(|t| **t != Turn::Gone).for_each(|t| *t = Turn::Awake);
                    return Woken { head: None, participants };
                }
            }
        };
        self.head = Head { height: self.head.height + 1, time };
        let mut participants = Vec::new();
        for (i, turn) in self.turns.iter_mut().enumerate() {
            let woken = match turn {
                Turn::Submitted => true,
                Turn::Waiting(until) => until.over(self.head, changed),
                Turn::Awake | Turn::Gone => false,
            };
            if woken {
                *turn = Turn::Awake;
                participants.push(i);
            }
        }
        Woken { head: Some(self.head), participants }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: Head = Head { height: 1, time: 100 };

    #[test]
    fn a_height_waits_for_everybody_and_then_skips_to_what_is_wanted() {
        let mut clock = Clock::new(HEAD, 5, 2);
        clock.waits(0, Until::time(1_000));
        assert!(!clock.complete());
        clock.waits(1, Until::change_or(Some(2_000)));
        assert!(clock.complete());
        let woken = clock.close(false);
        assert_eq!(woken, Woken { head: Some(Head { height: 2, time: 1_000 }), participants: vec![0] });
        assert!(!clock.complete(), "the participant that is due holds the height");
        clock.submitted(0);
        let woken = clock.close(true);
        assert_eq!(woken, Woken { head: Some(Head { height: 3, time: 1_005 }), participants: vec![0, 1] });
    }

    #[test]
    fn who_waits_for_a_height_is_not_skipped_past() {
        let mut clock = Clock::new(HEAD, 5, 2);
        clock.waits(0, Until::time(1_000));
        clock.waits(1, Until::height(3));
        assert_eq!(clock.close(false).participants, Vec::<usize>::new());
        assert_eq!(
            clock.close(false),
            Woken { head: Some(Head { height: 3, time: 110 }), participants: vec![1] }
        );
    }

    #[test]
    fn a_wait_that_is_over_lasts_until_the_next_height() {
        let mut clock = Clock::new(HEAD, 5, 1);
        clock.waits(0, Until::time(50));
        assert_eq!(clock.close(false).head, Some(Head { height: 2, time: 105 }));
    }

    #[test]
    fn a_network_in_which_everybody_waits_for_others_is_told_so() {
        let mut clock = Clock::new(HEAD, 5, 3);
        clock.leaves(2);
        clock.waits(0, Until::change_or(None));
        clock.waits(1, Until::change_or(None));
        assert_eq!(clock.close(false), Woken { head: None, participants: vec![0, 1] });
        clock.leaves(0);
        clock.leaves(1);
        assert!(!clock.complete());
    }
}
