//! Who gets an answer while there are more requests than answers. Peers paid a bond, but any of them may be hostile:
//! ask for as much as it can and read nothing of what comes, until a timeout frees the place.
//!
//! A quarter of the answers is out of reach for whoever holds one already, so that a peer that holds none gets its
//! first whatever the others do. The rest is shared evenly among those that hold any, at most
//! [`Limits::peer_requests`] each: what one alone could have taken shrinks as others come. To keep a peer out, as many
//! bonded peers as there are answers must work together.

use crate::limits::Limits;

/// What is under way for a peer, and for all of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    /// Answers that the peer waits for.
    pub held: usize,
    /// Answers that all peers wait for.
    pub total: usize,
    /// Peers that wait for any.
    pub holders: usize,
}

/// Whether a peer's next request is answered, or told to come back.
pub(crate) fn admits(limits: &Limits, load: Load) -> bool {
    let Load { held, total, holders } = load;
    let answers = limits.answers.max(1);
    if held == 0 {
        return total < answers;
    }
    let shared = answers - answers / 4;
    let share = (shared / holders.max(1)).clamp(1, limits.peer_requests.max(1));
    held < share && total < shared
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What each of some peers holds after all of them have asked for as much as they can, in turn.
    fn greedy(limits: &Limits, held: &mut [usize]) {
        loop {
            let before = held.to_vec();
            for peer in 0..held.len() {
                let load = Load {
                    held: held[peer],
                    total: held.iter().sum(),
                    holders: held.iter().filter(|h| **h > 0).count(),
                };
                held[peer] += usize::from(admits(limits, load));
            }
            if before == held {
                return;
            }
        }
    }

    #[test]
    fn whoever_holds_nothing_gets_something_whatever_eight_others_hold() {
        let limits = Limits::default();
        let mut held = vec![0; 8];
        greedy(&limits, &mut held);
        assert!(held.iter().all(|h| (12..=16).contains(h)), "{held:?}");
        // Seventeen more come late, one after another, and the first take nothing in between.
        for _ in 0..17 {
            held.push(0);
            greedy(&limits, &mut held);
            assert!(*held.last().unwrap() >= 1, "{held:?}");
        }
        assert!(held.iter().sum::<usize>() <= limits.answers);
    }

    #[test]
    fn what_is_held_evens_out_as_answers_end() {
        let limits = Limits::default();
        let mut held = vec![0; 6];
        greedy(&limits, &mut held);
        assert_eq!(held, [16; 6], "all that is shared");
        held.extend([0; 6]);
        for _ in 0..100 {
            greedy(&limits, &mut held);
            // The greediest one's next answer ends.
            let most = *held.iter().max().unwrap();
            *held.iter_mut().find(|h| **h == most).unwrap() -= 1;
        }
        greedy(&limits, &mut held);
        assert!(held.iter().all(|h| (7..=9).contains(h)), "{held:?}");
    }

    #[test]
    fn a_peer_alone_gets_what_a_peer_may_have_and_the_total_is_never_passed() {
        for (answers, peer_requests, holds) in [(128, 16, 16), (16, 16, 12), (4, 16, 3), (1, 1, 1), (0, 0, 1)]
        {
            let limits = Limits { answers, peer_requests, ..Limits::default() };
            let mut held = [0];
            greedy(&limits, &mut held);
            assert_eq!(held, [holds]);
            let mut held = vec![0; 300];
            greedy(&limits, &mut held);
            assert_eq!(held.iter().sum::<usize>(), answers.max(1));
        }
    }
}
