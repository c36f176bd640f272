//! Panels and their seats.
use cosmwasm_schema::cw_serde;
use cosmwasm_std::{Addr, Empty, StdError, StdResult, Storage, Timestamp};
use cw_storage_plus::{Item, Map};
use lyceum_api::Hash32;
use lyceum_api::attestation::Attestation;
use lyceum_api::tasks::{AvailabilityInfo, PanelKind, PanelStatus, ServedState};

use super::attestation;

#[cw_serde]
pub struct Panel {
    pub id: u64,
    pub claim: Option<u64>,
    pub kind: PanelKind,
    pub cause: Cause,
    /// How many panels before it found no quorum, and the last of them.
    pub tries: u32,
    pub replaces: Option<u64>,
    /// Sortition epoch that draws it.
    pub epoch: u64,
    pub round: u64,
    pub randomness: Option<Hash32>,
    /// As stored; see [`Panel::status_at`].
    pub status: PanelStatus,
    /// Seconds of the reveal window, fixed when it was drawn.
    pub reveal_seconds: u64,
    pub seats: Vec<Seat>,
    pub guards: Vec<u64>,
    pub heads: Vec<(u32, Hash32)>,
    /// The head of the task's target when it was drawn.
    pub reference_head: Option<u64>,
    pub opening: Option<Hash32>,
    pub opened: bool,
    /// The panel under whose key its seats sketch a second time.
    pub second_key: Option<u64>,
    /// At most two a seat.
    pub challenges: Vec<AvailabilityInfo>,
    /// The end of the last answer window that moved the deadline of commits.
    pub frozen_until: Timestamp,
}

/// Why a panel was created.
#[cw_serde]
#[derive(Eq)]
pub enum Cause {
    /// The claim was revealed, or a panel before found no quorum.
    Regular,
    /// A seat of the claim panel saw something else than the trainer opened.
    Differs,
    /// The largest change of a span that jumps.
    Jump,
    /// Somebody challenged.
    Challenge { challenger: Addr },
}

#[cw_serde]
#[schemaifier(mute_warnings)] // of the field that is not stored here
pub struct Seat {
    pub node: Addr,
    pub intervals: Vec<u32>,
    pub commit: Option<Hash32>,
    /// Kept in [`REVEALED`].
    #[serde(skip)]
    pub revealed: bool,
}

impl Panel {
    /// Reads a panel, with who has revealed.
    pub fn may_load(storage: &dyn Storage, id: u64) -> StdResult<Option<Self>> {
        let Some(mut panel) = PANELS.may_load(storage, id)? else { return Ok(None) };
        let revealed = REVEALED.may_load(storage, id)?.unwrap_or_default();
        for (i, seat) in panel.seats.iter_mut().enumerate() {
            seat.revealed = revealed >> i & 1 == 1;
        }
        Ok(Some(panel))
    }

    /// What [`REVEALED`] holds: at most 19 seats.
    pub fn revealed_bits(&self) -> u32 {
        (0..).zip(&self.seats).map(|(at, seat)| u32::from(seat.revealed) << at).sum()
    }

    /// Where it stands: commits end by themselves, and reveals begin.
    pub fn status_at(&self, now: Timestamp) -> PanelStatus {
        match self.status {
            PanelStatus::Committing { until } if now >= until => {
                PanelStatus::Revealing { until: until.plus_seconds(self.reveal_seconds) }
            }
            status => status,
        }
    }

    /// Whether the trainer must serve and open.
    pub const fn re_executes(&self) -> bool {
        matches!(self.kind, PanelKind::Claim {} | PanelKind::Interval { .. })
    }

    /// The drawn intervals, ascending.
    pub fn drawn(&self) -> Vec<u32> {
        let mut drawn: Vec<_> = self.seats.iter().flat_map(|s| s.intervals.iter().copied()).collect();
        drawn.sort_unstable();
        drawn.dedup();
        drawn
    }

    /// Seats that revealed.
    pub fn revealed(&self) -> usize {
        self.seats.iter().filter(|s| s.revealed).count()
    }

    /// Seats that did not reveal.
    pub fn absent(&self) -> impl Iterator<Item = &Addr> {
        self.seats.iter().filter(|s| !s.revealed).map(|s| &s.node)
    }

    /// The attestations that were revealed, in the order of the seats.
    pub fn attestations(&self, storage: &dyn Storage) -> StdResult<Vec<(Addr, Attestation)>> {
        self.seats
            .iter()
            .enumerate()
            .filter(|(_, s)| s.revealed)
            .map(|(at, s)| {
                let found = attestation(storage, self.id, at)?;
                Ok((s.node.clone(), found.ok_or_else(|| StdError::msg("an attestation is missing"))?))
            })
            .collect()
    }
}

/// The status' stable name.
pub const fn stage_name(status: &PanelStatus) -> &'static str {
    match status {
        PanelStatus::Pending {} => "pending",
        PanelStatus::Serving { .. } => "serving",
        PanelStatus::Committing { .. } => "committing",
        PanelStatus::Revealing { .. } => "revealing",
        PanelStatus::Closed {} => "closed",
    }
}

pub const PANEL_COUNT: Item<u64> = Item::new("panel_count");
pub const PANELS: Map<u64, Panel> = Map::new("panels");
/// What a trainer serves for a panel: thousands of bytes that no seat's message writes again.
pub const SERVED: Map<u64, Vec<ServedState>> = Map::new("served");
/// Panel → the bit of each seat that has revealed, so that a reveal writes neither the panel nor reads answers.
pub const REVEALED: Map<u64, u32> = Map::new("revealed");
/// (node, panel that is not closed).
pub const SEATS: Map<(&Addr, u64), Empty> = Map::new("seats");
