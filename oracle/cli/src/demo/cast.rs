//! Who takes part: names, roles, stakes, and what each was told to do.

use lyceum_api::nodes::Role;
use lyceum_chain::embedded::LYC;

/// How a node was told to behave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    /// As the protocol says.
    Honest,
    /// Trains one step of every two.
    FewerSteps,
    /// Trains on the public held-out text instead of the task's shards.
    OtherData,
    /// Jumps to copied weights in a single interval.
    Jump,
    /// Commits after seeing another's commit, and never reveals.
    Unrevealing,
    /// Answers as a seat without working.
    LazyEvaluator,
}

impl Behaviour {
    /// The name in the report.
    pub fn name(self) -> &'static str {
        match self {
            Self::Honest => "honest",
            Self::FewerSteps => "trains half of its steps",
            Self::OtherData => "trains on other data",
            Self::Jump => "jumps to copied weights in one interval",
            Self::Unrevealing => "commits after others and never reveals",
            Self::LazyEvaluator => "attests without working",
        }
    }
}

/// One node of the demo.
#[derive(Debug, Clone)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Its roles.
    pub roles: Vec<Role>,
    /// What it bonds, ulyc.
    pub stake: u128,
    /// GPUs it declares; nobody attests them.
    pub gpus: u32,
    /// How it behaves.
    pub behaviour: Behaviour,
    /// Of a trainer, the index of the domain it works in.
    pub domain: Option<usize>,
}

/// A bond is about 41 times the largest reward (2-verification.md, "Deterrence"), so trainers are no small fry.
const TRAINER_STAKE: u128 = 20_000 * LYC;
const EVALUATOR_STAKE: u128 = 5_000 * LYC;
/// Committees are drawn by stake. With hundreds of times everybody else's, the lazy evaluator sits on the first
/// committee whatever the beacon says (it is passed over with a probability below one in a million), so that catching
/// it is no luck of the draw.
const LAZY_STAKE: u128 = 2_000_000 * LYC;
const OWNER_STAKE: u128 = 8_000 * LYC;
/// GPU owners, and the GPUs each declares.
const OWNERS: [(&str, u32); 3] = [("owner-1", 4), ("owner-2", 2), ("owner-3", 8)];

/// The coordinator's name: it opens the tasks, unseals their benchmarks, and relays the beacon.
pub const COORDINATOR: &str = "coordinator";

/// Five seats, then eleven others for a dispute: fewer evaluators cannot settle one.
pub const MIN_EVALUATORS: usize = 16;

/// The cast for so many domains and honest evaluators, in the order in which their transactions are taken.
pub fn cast(domains: usize, evaluators: usize) -> Vec<Member> {
    let node = |name: &str, roles: &[Role], stake, behaviour, domain| Member {
        name: name.to_owned(),
        roles: roles.to_vec(),
        stake,
        gpus: 0,
        behaviour,
        domain,
    };
    let mut all = vec![node(COORDINATOR, &[Role::Coordinator], OWNER_STAKE, Behaviour::Honest, None)];
    for domain in 0..domains {
        let name = format!("trainer-{}", domain + 1);
        all.push(node(&name, &[Role::Trainer], TRAINER_STAKE, Behaviour::Honest, Some(domain)));
    }
    let cheats = [
        ("dana", Behaviour::FewerSteps, 0),
        ("emil", Behaviour::OtherData, 1),
        ("fay", Behaviour::Jump, 2),
        ("gus", Behaviour::Unrevealing, 0),
    ];
    for (name, behaviour, domain) in cheats {
        all.push(node(name, &[Role::Trainer], TRAINER_STAKE, behaviour, Some(domain % domains.max(1))));
    }
    for n in 1..=evaluators {
        let name = format!("evaluator-{n}");
        all.push(node(&name, &[Role::Evaluator], EVALUATOR_STAKE, Behaviour::Honest, None));
    }
    all.push(node("hal", &[Role::Evaluator], LAZY_STAKE, Behaviour::LazyEvaluator, None));
    for (name, gpus) in OWNERS {
        all.push(Member { gpus, ..node(name, &[Role::Storage], OWNER_STAKE, Behaviour::Honest, None) });
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cheat_is_there_once_and_every_domain_has_an_honest_trainer() {
        for domains in 1..6 {
            let all = cast(domains, MIN_EVALUATORS);
            let count = |b| all.iter().filter(|m| m.behaviour == b).count();
            for cheat in [
                Behaviour::FewerSteps,
                Behaviour::OtherData,
                Behaviour::Jump,
                Behaviour::Unrevealing,
                Behaviour::LazyEvaluator,
            ] {
                assert_eq!(count(cheat), 1, "{cheat:?}");
            }
            let honest = |d| all.iter().any(|m| m.domain == Some(d) && m.behaviour == Behaviour::Honest);
            assert!((0..domains).all(honest));
            assert!(all.iter().filter_map(|m| m.domain).all(|d| d < domains));
        }
    }

    #[test]
    fn the_lazy_evaluator_is_passed_over_with_a_chance_below_one_in_a_million() {
        let honest = 40.0 * EVALUATOR_STAKE as f64;
        let missed = (honest / (honest + LAZY_STAKE as f64)).powi(5);
        let claims = 3;
        assert!(missed.powi(claims) < 1e-6, "{missed}");
    }
}
