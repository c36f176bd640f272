//! Availability: a seat names a tile it cannot have; whoever has it puts it on chain.
use lyceum_api::Hash32;
use lyceum_api::tasks::{AvailabilityInfo, Event, PanelStatus};
use lyceum_tensorblock::tile::{self, MAX_DEPTH, TILE_LEN, TileProof};

use super::attest::seat_of;
use super::ensure_range;
use super::serve::wrong_stage;
use crate::ctx::Ctx;
use crate::error::{ContractError, Refused};
use crate::state::SERVED;

/// Challenges of one seat in a panel.
const PER_SEAT: usize = 2;

/// Asks for a tile. The deadline of commits moves by the part of the answer window that did not count already, so
/// a seat has as long to work after the answer as it had before.
pub fn ask(ctx: &mut Ctx<'_>, id: u64, state: u32, tile: u64) -> Result<(), Refused> {
    let mut panel = ctx.panel(id)?;
    let PanelStatus::Committing { until } = panel.status_at(ctx.now()) else {
        return Err(wrong_stage(&panel.status_at(ctx.now()), "committing"));
    };
    let seat = seat_of(ctx, &panel)?;
    if panel.seats[seat].commit.is_some() {
        return Err(ContractError::Repeated { what: "the seat's commitment" }.into());
    }
    if served(ctx, id, state)?.is_none() {
        return Err(ContractError::NotAsked { state, tile }.into());
    }
    ensure_range("the tile", tile, 0, tile::tile_count(tile::MAX_FILE_LEN) - 1)?;
    if panel.challenges.iter().any(|c| (c.state, c.tile) == (state, tile)) {
        return Err(ContractError::Repeated { what: "the challenge of this tile" }.into());
    }
    let own = panel.challenges.iter().filter(|c| c.seat == *ctx.sender()).count();
    if own >= PER_SEAT {
        return Err(
            ContractError::TooMany { what: "availability challenges of a seat", max: PER_SEAT }.into()
        );
    }
    let answer_until = ctx.now().plus_seconds(ctx.params.answer_seconds);
    let counted = panel.frozen_until.max(ctx.now());
    let frozen = answer_until.nanos().saturating_sub(counted.nanos());
    panel.status = PanelStatus::Committing { until: until.plus_nanos(frozen) };
    panel.frozen_until = counted.max(answer_until);
    let seat = ctx.sender().clone();
    panel.challenges.push(AvailabilityInfo { seat, state, tile, until: answer_until, answered: false });
    ctx.emit(Event::AvailabilityChallenged { panel: id, state, tile, until: answer_until });
    ctx.save_panel(&panel)
}

/// The root under which a state was served.
fn served(ctx: &Ctx<'_>, panel: u64, state: u32) -> Result<Option<Hash32>, Refused> {
    let served = SERVED.may_load(ctx.deps.storage, panel)?.unwrap_or_default();
    Ok(served.into_iter().find(|s| s.state == state).map(|s| s.tensors))
}

/// Takes the tile, proven under the served root. A tile beyond the tensor block's end is answered with its last
/// one, whose proof binds the length.
pub fn answer(
    ctx: &mut Ctx<'_>,
    id: u64,
    state: u32,
    size: u64,
    data: &[u8],
    proof: Vec<Hash32>,
) -> Result<(), Refused> {
    let mut panel = ctx.panel(id)?;
    ensure_range("the tile's bytes", data.len() as u64, 0, TILE_LEN)?;
    ensure_range("the proof's length", proof.len() as u64, 0, MAX_DEPTH as u64)?;
    tile::tile_range(size, 0)?;
    let last = tile::tile_count(size) - 1;
    let root = served(ctx, id, state)?.ok_or(ContractError::NotAsked { state, tile: last })?;
    let siblings: Vec<_> = proof.iter().map(|hash| hash.0).collect();
    let now = ctx.now();
    let (mut refused, mut answered) = (ContractError::NotAsked { state, tile: last }, None);
    // The message does not name the tile: it answers those that its proof fits, of at most 38.
    for challenge in panel.challenges.iter_mut().filter(|c| c.state == state && !c.answered) {
        if now >= challenge.until {
            refused = ContractError::TooLate { until: challenge.until };
            continue;
        }
        let index = challenge.tile.min(last);
        match tile::verify(&root.0, size, data, &TileProof { index, siblings: siblings.clone() }) {
            Ok(()) => {
                challenge.answered = true;
                answered = Some(challenge.tile);
            }
            Err(error) => refused = error.into(),
        }
    }
    let Some(tile) = answered else { return Err(refused.into()) };
    ctx.emit(Event::AvailabilityAnswered { panel: id, state, tile });
    ctx.save_panel(&panel)
}
