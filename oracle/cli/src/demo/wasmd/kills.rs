//! Kills: nodes ended as by `kill -9` at drawn events of a claim's life, and started again at once. Only tests ask for
//! them (`lyceum demo --kill SEED`); what comes out must be what comes out without them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lyceum_agent::{Event, Hash32, What};

use super::super::cast::{Behaviour, Member};
use super::super::progress::Progress;
use crate::report::Kill;

/// How often nodes of each role are killed.
const POINTS: usize = 10;
/// With what the life of claims begins.
const OPENING: &str = "sending open";
/// By role, what its nodes tell in a claim's life, and how often they do so at least.
const LIVES: [(&str, &[&str], u32); 3] = [
    (
        "trainer",
        &[
            "sending take",
            "sent take",
            "began train",
            "trained",
            "sending commit",
            "sent commit",
            "sending reveal",
            "sent reveal",
            "began serve",
            "made ready",
            "sending served",
            "sent served",
            "sending open-sketches",
            "sent open-sketches",
        ],
        2,
    ),
    (
        "evaluator",
        &[
            "began attest",
            "attested",
            "sending commit-attestation",
            "sent commit-attestation",
            "sending reveal-attestation",
            "sent reveal-attestation",
        ],
        3,
    ),
    (
        "coordinator",
        &[
            "sending open",
            "sent open",
            "sending beacon",
            "sent beacon",
            "sending unseal",
            "sent unseal",
            "sending draw",
            "sent draw",
            "sending settle",
            "sent settle",
            "sending finalize",
            "sent finalize",
        ],
        2,
    ),
];

/// An event at which a node of a role is killed.
#[derive(Debug, PartialEq, Eq)]
struct Point {
    role: &'static str,
    moment: &'static str,
    /// Which of the role's events of this kind it is, from 1 on.
    nth: u32,
    seen: u32,
}

#[derive(Debug)]
struct State {
    points: Vec<Point>,
    done: Vec<Kill>,
    /// Whether a task was about to be opened: before, what nodes do is no part of a claim's life.
    begun: bool,
    /// The last height of which a node told.
    height: u64,
}

/// Who is killed when.
#[derive(Debug, Clone)]
pub struct Kills {
    state: Arc<Mutex<State>>,
    progress: Progress,
}

impl Kills {
    /// Draws the points.
    pub fn new(seed: u64, progress: &Progress) -> Self {
        let state = State { points: draw(seed), done: vec![], begun: false, height: 0 };
        Self { state: Arc::new(Mutex::new(state)), progress: progress.clone() }
    }

    /// Takes in what a node told, and says whether it is killed now.
    pub fn due(&self, member: &Member, event: &Event) -> bool {
        let mut state = self.state();
        if let What::Sent { height, .. } = event.what {
            state.height = state.height.max(height);
        }
        let Some(moment) = moment(&event.what).filter(|_| member.behaviour == Behaviour::Honest) else {
            return false;
        };
        state.begun |= moment == OPENING;
        if !state.begun {
            return false;
        }
        let role = role(member);
        let mut due = None;
        for (index, point) in state.points.iter_mut().enumerate() {
            if point.role == role && point.moment == moment {
                point.seen += 1;
                if due.is_none() && point.seen >= point.nth {
                    due = Some(index);
                }
            }
        }
        let Some(index) = due else { return false };
        state.points.remove(index);
        let kill = Kill { role, node: member.name.clone(), event: moment, at_height: state.height };
        self.progress.say(&format!("   killed: {} ({}) at {}", kill.node, kill.role, kill.event));
        state.done.push(kill);
        true
    }

    /// From now on nobody is killed. Gives the kills there were.
    pub fn end(&self) -> Vec<Kill> {
        let mut state = self.state();
        for left in std::mem::take(&mut state.points) {
            self.progress.say(&format!("   nobody was killed: {} {} never came", left.role, left.moment));
        }
        state.done.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The same for the same seed: every kind of event once before any comes a second time.
fn draw(seed: u64) -> Vec<Point> {
    let mut points = vec![];
    for (role, moments, times) in LIVES {
        let mut order: Vec<_> = moments
            .iter()
            .map(|moment| (Hash32::of(format!("lyceum kill/{seed}/{role}/{moment}").as_bytes()), *moment))
            .collect();
        order.sort();
        let rounds = (0..).flat_map(|round| order.iter().map(move |(hash, moment)| (round, hash, *moment)));
        points.extend(rounds.take(POINTS).map(|(round, hash, moment)| {
            // Who was killed on sending may never tell that it was sent: only the first is sure to come.
            let among = if moment.starts_with("sent ") { 1 } else { times };
            Point { role, moment, nth: round * times + 1 + u32::from(hash.0[0]) % among, seen: 0 }
        }));
    }
    points
}

fn role(member: &Member) -> String {
    member.roles.first().map(|role| format!("{role:?}").to_lowercase()).unwrap_or_default()
}

/// The kind of an event: what it is about, without the number.
fn moment(what: &What) -> Option<String> {
    let of = |verb: &str, key: &str| Some(format!("{verb} {}", key.split('/').next().unwrap_or_default()));
    match what {
        What::Began { key } => of("began", key),
        What::Sending { key } => of("sending", key),
        What::Sent { key, .. } => of("sent", key),
        What::Trained { .. } => Some("trained".to_owned()),
        What::Served { .. } => Some("made ready".to_owned()),
        What::Attested { .. } => Some("attested".to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use lyceum_agent::Cancel;
    use lyceum_api::nodes::Role;

    #[test]
    fn every_role_is_killed_ten_times_at_points_that_the_seed_decides() {
        for seed in 0..20 {
            let points = draw(seed);
            assert_eq!(points, draw(seed));
            for (role, moments, _) in LIVES {
                let mine: Vec<_> = points.iter().filter(|p| p.role == role).collect();
                assert_eq!(mine.len(), POINTS);
                let kinds: BTreeSet<_> = mine.iter().map(|p| p.moment).collect();
                assert_eq!(kinds.len(), moments.len().min(POINTS), "{role}");
                let once: BTreeSet<_> = mine.iter().map(|p| (p.moment, p.nth)).collect();
                assert_eq!(once.len(), POINTS, "{role}");
            }
        }
        assert_ne!(draw(1), draw(2));
    }

    #[test]
    fn a_node_is_killed_at_its_point_once_and_a_dishonest_one_never() {
        let kills = Kills::new(1, &Progress::new(Cancel::new()));
        let node = |behaviour| Member {
            name: "t".to_owned(),
            roles: vec![Role::Trainer],
            stake: 0,
            gpus: 0,
            behaviour,
            domain: Some(0),
        };
        let (honest, other) = (node(Behaviour::Honest), node(Behaviour::Jump));
        let sends = |key: &str| Event { node: "t".to_owned(), what: What::Sending { key: key.to_owned() } };
        assert!((0..8).all(|_| !kills.due(&honest, &sends("take/1"))), "no task is open");
        assert!(!kills.due(&honest, &sends("open/1")));
        let mut killed = 0;
        for (_, moments, _) in &LIVES[..1] {
            for moment in *moments {
                let Some((verb, key)) = moment.split_once(' ') else { continue };
                let key = format!("{key}/7");
                let what = match verb {
                    "sending" => What::Sending { key },
                    "sent" => What::Sent { key, height: 9, gas: 0 },
                    _ => continue,
                };
                let event = Event { node: "t".to_owned(), what };
                assert!(!kills.due(&other, &event));
                killed += (0..8).filter(|_| kills.due(&honest, &event)).count();
            }
        }
        let done = kills.end();
        assert_eq!(done.len(), killed);
        assert!(killed > 0 && done.iter().all(|k| k.role == "trainer" && k.at_height <= 9));
    }
}
