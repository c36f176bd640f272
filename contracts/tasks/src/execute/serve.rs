//! Serving: the trainer binds itself to its sketches and hands out the states that are re-executed.
use lyceum_api::Hash32;
use lyceum_api::manifest::{salted_state, seed, state_root};
use lyceum_api::tasks::{Event, PanelStatus, ServedState, served_states};
use lyceum_onchain::merkle;

use crate::ctx::Ctx;
use crate::error::{ContractError, Refused};
use crate::rounds;
use crate::state::{Claim, Panel, SERVED, Task, stage_name};

pub fn serve(ctx: &mut Ctx<'_>, id: u64, opening: Hash32, states: Vec<ServedState>) -> Result<(), Refused> {
    let mut panel = ctx.panel(id)?;
    let claim = claim_of(ctx, &panel)?;
    ctx.only(&claim.trainer)?;
    let PanelStatus::Serving { until } = panel.status else {
        return Err(wrong_stage(&panel.status, "serving"));
    };
    ctx.before(until)?;
    let task = ctx.task(claim.task)?;
    let expected = served_states(panel.kind, task.spec.intervals, &panel.drawn());
    if !states.iter().map(|s| s.state).eq(expected.iter().copied()) {
        return Err(ContractError::WrongStates { expected }.into());
    }
    prove(ctx, &claim, &task, &states)?;
    panel.opening = Some(opening);
    SERVED.save(ctx.storage(), id, &states)?;
    panel.status = PanelStatus::Committing { until: ctx.now().plus_seconds(ctx.params.attest_seconds) };
    ctx.emit(Event::PanelServed { panel: id });
    ctx.save_panel(&panel)
}

/// Every state must be the one under the claim's `states` at its index: at most 15, each with a short proof. What
/// state 0 and the last hold is for the evaluators to check, who have the parent and the block.
pub fn prove(ctx: &Ctx<'_>, claim: &Claim, task: &Task, states: &[ServedState]) -> Result<(), Refused> {
    let root = claim.content.as_ref().map(|c| c.states).unwrap_or_default();
    let randomness = rounds::randomness(ctx.deps.storage, claim.seed_round)?;
    let seed = seed(claim.task, claim.trainer.as_str(), &randomness);
    for served in states {
        let step = u64::from(served.state) * u64::from(task.spec.steps_per_interval);
        let leaf = salted_state(&served.salt, &state_root(step, &seed, &served.tensors));
        let proof: Vec<_> = served.proof.iter().map(|hash| hash.0).collect();
        if !merkle::verify(&root.0, task.spec.intervals + 1, served.state, &leaf.0, &proof) {
            return Err(ContractError::WrongState { state: served.state }.into());
        }
    }
    Ok(())
}

/// The claim that a panel judges; a heads panel has none, and nothing of a trainer's belongs there.
pub fn claim_of(ctx: &Ctx<'_>, panel: &Panel) -> Result<Claim, Refused> {
    let expected = "of a claim";
    let found = || panel.kind.name().to_owned();
    let id =
        panel.claim.ok_or_else(|| ContractError::WrongPhase { what: "the panel", expected, found: found() });
    ctx.claim(id?)
}

/// A panel that is somewhere else in its life.
pub fn wrong_stage(status: &PanelStatus, expected: &'static str) -> Refused {
    ContractError::WrongPhase { what: "the panel", expected, found: stage_name(status).to_owned() }.into()
}
