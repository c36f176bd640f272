//! Attestations: commit, then reveal.
use lyceum_api::Hash32;
use lyceum_api::attestation::{ATTESTATION_COMMIT, Attestation};
use lyceum_api::canonical::{Canonical, commitment};
use lyceum_api::tasks::{Event, PanelKind, PanelStatus};

use super::ensure_salt;
use super::serve::wrong_stage;
use crate::ctx::Ctx;
use crate::error::{ContractError, Refused};
use crate::state::{Panel, REVEALED, save_attestation};
use crate::verdict::{Asked, check_attestation};

/// The sender's place among the seats.
pub fn seat_of(ctx: &Ctx<'_>, panel: &Panel) -> Result<usize, Refused> {
    let at = panel.seats.iter().position(|s| s.node == *ctx.sender());
    at.ok_or_else(|| ContractError::NotSeated { sender: ctx.sender().clone(), panel: panel.id }.into())
}

/// Takes a seat's commitment. Once all have committed, reveals begin.
pub fn commit(ctx: &mut Ctx<'_>, id: u64, commit: Hash32) -> Result<(), Refused> {
    let mut panel = ctx.panel(id)?;
    let status = panel.status_at(ctx.now());
    if !matches!(status, PanelStatus::Committing { .. }) {
        return Err(wrong_stage(&status, "committing"));
    }
    let seat = seat_of(ctx, &panel)?;
    if panel.seats[seat].commit.is_some() {
        return Err(ContractError::Repeated { what: "the seat's commitment" }.into());
    }
    panel.seats[seat].commit = Some(commit);
    if panel.seats.iter().all(|s| s.commit.is_some()) {
        panel.status = PanelStatus::Revealing { until: ctx.now().plus_seconds(panel.reveal_seconds) };
    }
    ctx.emit(Event::AttestationCommitted { panel: id, seat: ctx.sender().clone() });
    ctx.save_panel(&panel)
}

/// Takes what the seat committed to, if it answers what was asked.
pub fn reveal(ctx: &mut Ctx<'_>, id: u64, found: Attestation, salt: &[u8]) -> Result<(), Refused> {
    let mut panel = ctx.panel(id)?;
    let seat = seat_of(ctx, &panel)?;
    let status = panel.status_at(ctx.now());
    let PanelStatus::Revealing { until } = status else {
        return Err(wrong_stage(&status, "revealing"));
    };
    ctx.before(until)?;
    if panel.seats[seat].revealed {
        return Err(ContractError::Repeated { what: "the seat's attestation" }.into());
    }
    ensure_salt(salt)?;
    let asked = asked(&panel, seat);
    check_attestation(&found, &asked).map_err(|what| ContractError::WrongAttestation { what })?;
    let (chain, contract) = (&ctx.env.block.chain_id, ctx.env.contract.address.as_str());
    let sender = ctx.sender().clone();
    let expected = commitment(ATTESTATION_COMMIT, chain, contract, id, sender.as_str(), &found.hash(), salt);
    if panel.seats[seat].commit != Some(expected) {
        return Err(ContractError::WrongCommitment.into());
    }
    save_attestation(ctx.storage(), id, seat, found)?;
    panel.seats[seat].revealed = true;
    REVEALED.save(ctx.storage(), id, &panel.revealed_bits())?;
    ctx.emit(Event::AttestationRevealed { panel: id, seat: sender });
    Ok(())
}

fn asked(panel: &Panel, seat: usize) -> Asked<'_> {
    match panel.kind {
        PanelKind::Claim {} => {
            let intervals = panel.seats[seat].intervals.clone();
            Asked { intervals, scored: true, guards: &panel.guards, heads: &[] }
        }
        PanelKind::Score {} => Asked { scored: true, guards: &panel.guards, ..Asked::default() },
        PanelKind::Interval { interval } => {
            // Under this panel's key, and under the claim panel's where an end of it was opened there.
            let entries = 1 + usize::from(panel.second_key.is_some());
            Asked { intervals: vec![interval; entries], ..Asked::default() }
        }
        PanelKind::Heads {} => Asked { heads: &panel.guards, ..Asked::default() },
    }
}
