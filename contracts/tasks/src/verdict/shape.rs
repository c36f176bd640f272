//! What an attestation must answer.
use lyceum_api::attestation::{Attestation, DomainScore, MAX_GUARDS};

/// No score or gain is beyond this: about a million bits a byte, or a million percent.
const SCORE_BOUND: u64 = 1_000_000_000_000;

/// What a seat was asked.
#[derive(Debug, Default)]
pub struct Asked<'a> {
    /// The interval of every entry, in order.
    pub intervals: Vec<u32>,
    /// Whether it scores, and the guards it scores.
    pub scored: bool,
    pub guards: &'a [u64],
    /// Domains of a heads panel.
    pub heads: &'a [u64],
}

fn in_bounds(score: i64) -> bool {
    score.unsigned_abs() <= SCORE_BOUND
}

fn answers_domains(found: &[DomainScore], asked: &[u64]) -> bool {
    found.len() <= MAX_GUARDS as usize
        && found.iter().map(|s| s.domain).eq(asked.iter().copied())
        && found.iter().all(|s| s.score > 0 && in_bounds(s.score))
}

/// Checks that an attestation answers what was asked and nothing else; the error names the part that doesn't. One
/// that says "unsound" may leave out intervals and scores.
pub fn check_attestation(found: &Attestation, asked: &Asked<'_>) -> Result<(), &'static str> {
    let left_out = !found.sound && found.intervals.is_empty();
    if !left_out && !found.intervals.iter().map(|i| i.interval).eq(asked.intervals.iter().copied()) {
        return Err("intervals");
    }
    if found.intervals.iter().any(|i| i.start.values().is_err() || i.end.values().is_err()) {
        return Err("sketches");
    }
    match &found.scored {
        None if asked.scored && found.sound => return Err("scores"),
        None => {}
        Some(_) if !asked.scored => return Err("scores"),
        Some(scored) => {
            let means = [scored.reference, scored.child];
            let gains = [scored.gain, scored.synthetic_gain];
            if means.iter().any(|s| *s <= 0 || !in_bounds(*s)) || gains.iter().any(|g| !in_bounds(*g)) {
                return Err("scores");
            }
            if scored.items.values().is_err() {
                return Err("item sketch");
            }
            if !answers_domains(&scored.guards, asked.guards) {
                return Err("guards");
            }
        }
    }
    if answers_domains(&found.heads, asked.heads) { Ok(()) } else { Err("heads") }
}

#[cfg(test)]
mod tests {
    use cosmwasm_std::Binary;
    use lyceum_api::attestation::{IntervalSeen, ItemSketch, Scored, StateSketch};

    use super::*;

    fn answer() -> Attestation {
        let sketch = StateSketch::new(&[0; 96]);
        let seen = |interval| IntervalSeen {
            interval,
            end_root: Default::default(),
            start: sketch.clone(),
            end: sketch.clone(),
        };
        Attestation {
            sound: true,
            intervals: vec![seen(3), seen(5)],
            scored: Some(Scored {
                reference: 1,
                child: 1,
                gain: 0,
                synthetic_gain: 0,
                items: ItemSketch::new(&[0; 32]),
                guards: vec![DomainScore { domain: 2, score: 1 }],
            }),
            heads: vec![],
        }
    }

    fn asked() -> Asked<'static> {
        Asked { intervals: vec![3, 5], scored: true, guards: &[2], heads: &[] }
    }

    #[test]
    fn an_attestation_answers_exactly_what_was_asked() {
        assert_eq!(check_attestation(&answer(), &asked()), Ok(()));
        let refused = |change: fn(&mut Attestation)| {
            let mut changed = answer();
            change(&mut changed);
            check_attestation(&changed, &asked())
        };
        let scored = |a: &mut Attestation| a.scored.take().unwrap();
        assert_eq!(refused(|a| a.intervals.reverse()), Err("intervals"));
        assert_eq!(refused(|a| a.intervals.clear()), Err("intervals"));
        assert_eq!(refused(|a| a.intervals[1].end = StateSketch(Binary::default())), Err("sketches"));
        assert_eq!(refused(|a| a.scored = None), Err("scores"));
        assert_eq!(refused(|a| a.heads.push(DomainScore { domain: 1, score: 1 })), Err("heads"));
        let changed = |f: fn(&mut Scored)| {
            let mut changed = answer();
            let mut s = scored(&mut changed);
            f(&mut s);
            changed.scored = Some(s);
            check_attestation(&changed, &asked())
        };
        assert_eq!(changed(|s| s.reference = 0), Err("scores"));
        assert_eq!(changed(|s| s.gain = i64::MIN), Err("scores"));
        assert_eq!(changed(|s| s.items = ItemSketch(Binary::default())), Err("item sketch"));
        assert_eq!(changed(|s| s.guards[0].domain = 3), Err("guards"));
        assert_eq!(changed(|s| s.guards[0].score = -1), Err("guards"));
    }

    #[test]
    fn an_unsound_answer_may_leave_out_work_but_not_answer_something_else() {
        let mut unsound = answer();
        unsound.sound = false;
        assert_eq!(check_attestation(&unsound, &asked()), Ok(()));
        unsound.scored = None;
        unsound.intervals.pop();
        assert_eq!(check_attestation(&unsound, &asked()), Err("intervals"));
        unsound.intervals.clear();
        assert_eq!(check_attestation(&unsound, &asked()), Ok(()));
    }
}
