//! What a role may see, made up from the least that it looks at.

use std::collections::BTreeMap;
use std::sync::Arc;

use cosmwasm_std::Addr;
use lyceum_agent::{Action, Hash32, Identity, Observation, Pace, View};
use lyceum_api::tasks::{ClaimResponse, PanelResponse, TaskResponse};
use lyceum_chain::Contracts;
use serde_json::{Value, json};

pub const ME: &str = "me";
/// drand's quicknet: its public key.
pub const QUICKNET: &str = "g88PKJat7n64tfAfytORIhLEN+AHPpEfuQAi0+dgGDyMS0ULagpsOsald2otEGRRDR/sdYySHMIrDhfmOq9Ly17WYwTenPgJvSdMpzurSvWm6cdqS8CeduromR717ORa";
pub const HASH: &str = "0000000000000000000000000000000000000000000000000000000000000001";

pub fn me() -> Identity {
    let addr = |name: &str| Addr::unchecked(name);
    let contracts = Contracts {
        charter: addr("charter"),
        nodes: addr("nodes"),
        datasets: addr("datasets"),
        experts: addr("experts"),
        tasks: addr("tasks"),
        credits: addr("credits"),
        rewards: addr("rewards"),
    };
    Identity { account: addr(ME), chain_id: "chain".to_owned(), contracts, secret: Hash32([3; 32]) }
}

pub fn at(seconds: u64) -> Value {
    json!((seconds * 1_000_000_000).to_string())
}

pub fn new_task() -> Value {
    json!({
        "domain": 1, "target": {"expert": {"index": 0}}, "steps_per_interval": 2, "intervals": 200,
        "shards": [{"dataset": 1, "root": HASH}],
        "bounds": {"min_lr_nano": 10, "max_lr_nano": 1000, "max_warmup": 5},
        "commit_seconds": 100, "max_claims": 2,
        "benchmark": {"root": HASH, "bytes": 10, "items": 2,
            "key": lyceum_api::tasks::key_commitment(&Hash32([9; 32])).to_string(),
            "round": 1000, "sealed_key": ""},
    })
}

pub fn task(opener: &str, claims: Value, key: Value) -> TaskResponse {
    serde_json::from_value(json!({
        "id": 1, "opener": opener, "task": new_task(), "model": 1, "base": HASH, "parent": null,
        "parent_root": HASH, "heads": [], "tiers": ["gold"], "bond": "70", "fee": "7", "opened_at": at(0),
        "commit_until": at(100), "reveal_until": at(200), "key": key, "exposed": false, "status": "open", "claims": claims,
        "winner": null,
    }))
    .unwrap()
}

pub fn claim(trainer: &str, status: Value, seed: Value) -> ClaimResponse {
    serde_json::from_value(json!({
        "id": 5, "task": 1, "trainer": trainer, "recipe": {"peak_lr_nano": 1000, "warmup_steps": 5, "mixture": [1]},
        "taken_at": at(1), "epoch": 0, "seed_round": 1, "seed": seed, "commit": null, "content": null,
        "block": null, "bond": "70", "fee": "7", "status": status, "gain": null, "reference": null,
        "score": null, "panels": [8], "opened_panel": null,
    }))
    .unwrap()
}

pub fn panel(id: u64, kind: Value, status: Value, commit: Value, revealed: bool) -> PanelResponse {
    serde_json::from_value(json!({
        "id": id, "claim": 5, "kind": kind, "round": 4, "randomness": HASH, "status": status,
        "seats": [{"node": ME, "intervals": [3, 9], "commit": commit, "revealed": revealed}],
        "guards": [], "heads": [], "served": [], "opening": HASH, "opened": false, "second_key": null,
        "challenges": [],
    }))
    .unwrap()
}

pub fn view(time: u64) -> View {
    let params = lyceum_api::tasks::Params::default();
    let domain = json!({
        "id": 1, "mean_gain": 1, "best": 1, "accepted": 0,
        "domain": {"name": "d", "model": 1, "expert": 0, "metric": "bits_per_byte", "weight": 1, "tolerance": 1,
            "committee": 5, "class": "fp32", "bound_ppm": 1000, "epsilon_ppm": 1, "mean_gain": 1,
            "max_reward": "1", "held_out": HASH, "baseline": 1, "batch": 2, "sequence": 32,
            "seconds_per_kilostep": 100},
    });
    let model = json!({
        "id": 1, "registered_at": at(0),
        "model": {"name": "m", "version": "1.0.0", "config": "{}", "experts": 3, "base": HASH, "base_bytes": 1},
    });
    let config = json!({
        "charter": "charter", "beacon": {"public_key": QUICKNET, "genesis": 0, "period": 3}, "params": params,
        "paused": false,
    });
    serde_json::from_value(json!({
        "height": time, "time": time, "config": config, "models": {"1": model}, "domains": {"1": domain},
        "tasks": {}, "claims": {}, "panels": {}, "datasets": {}, "audits": {}, "posted": [],
        "signatures": {},
        "wanted": [],
        "learning": {"number": 0, "threshold": 10, "weighted_gain": 0, "claims": 0, "panel": null},
    }))
    .unwrap()
}

pub fn seen(view: View) -> Observation {
    Observation {
        me: me(),
        view: Arc::new(view),
        power: BTreeMap::new(),
        outcomes: vec![],
        done: vec![],
        own: None,
        pace: Pace::Logical,
        draining: false,
    }
}

/// The keys of what a role wants, work marked as such.
pub fn keys(actions: &[Action]) -> Vec<String> {
    actions
        .iter()
        .filter_map(|a| match a {
            Action::Send { key, .. } | Action::Post { key, .. } => Some(key.clone()),
            Action::Work { key, .. } => Some(format!("work {key}")),
            Action::Forget { roots, .. } => Some(format!("forget {}", roots.len())),
            Action::Wake { .. } => None,
        })
        .collect()
}
