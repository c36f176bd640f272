//! Opening: the trainer shows the sketches it bound itself to before anyone attested.
use lyceum_api::Hash32;
use lyceum_api::attestation::{Opening, opening_root};
use lyceum_api::tasks::{Event, PanelStatus, opened_states, proven_ends};

use super::serve::{claim_of, prove, wrong_stage};
use crate::ctx::Ctx;
use crate::error::{ContractError, Refused};
use crate::state::save_opening;

pub fn open(ctx: &mut Ctx<'_>, id: u64, opening: Opening, salt: Hash32) -> Result<(), Refused> {
    let mut panel = ctx.panel(id)?;
    let claim = claim_of(ctx, &panel)?;
    ctx.only(&claim.trainer)?;
    let status = panel.status_at(ctx.now());
    let PanelStatus::Revealing { until } = status else {
        return Err(wrong_stage(&status, "revealing"));
    };
    ctx.before(until)?;
    if panel.opened {
        return Err(ContractError::Repeated { what: "the opening" }.into());
    }
    let task = ctx.task(claim.task)?;
    let intervals = task.spec.intervals;
    // At most 4096 / 10 kept states, and both ends of 13 intervals.
    let expected = opened_states(panel.kind, intervals, &panel.drawn());
    if !opening.states.iter().map(|s| s.state).eq(expected.iter().copied()) {
        return Err(ContractError::WrongStates { expected }.into());
    }
    let expected = proven_ends(panel.kind, &panel.drawn());
    if !opening.ends.iter().map(|s| s.state).eq(expected.iter().copied()) {
        return Err(ContractError::WrongStates { expected }.into());
    }
    prove(ctx, &claim, &task, &opening.ends)?;
    for state in &opening.states {
        state.sketch.values()?;
    }
    if panel.opening != Some(opening_root(&salt, &opening)) {
        return Err(ContractError::WrongOpening.into());
    }
    save_opening(ctx.storage(), id, opening)?;
    panel.opened = true;
    ctx.emit(Event::PanelOpened { panel: id });
    ctx.save_panel(&panel)
}
