//! The contract's clock: the chain's, without the time that the contract was paused.
//!
//! While it is paused nobody can commit, serve or answer, so no window may run and nobody may be late. Deadlines
//! are stored in this clock's time, which stands still during a pause; what leaves the contract (answers, events,
//! errors) says the chain's time at which they come, as if no further pause did. Beacon rounds and epochs stay on
//! the chain's time.
use cosmwasm_schema::cw_serde;
use cosmwasm_std::{Order, StdResult, Storage, Timestamp};
use cw_storage_plus::{Bound, Item, Map};
use lyceum_api::tasks::{ClaimStatus, Event, PanelStatus};

use crate::error::ContractError;

/// The pauses there were.
#[cw_serde]
#[derive(Default)]
struct Pauses {
    /// Nanoseconds of those that are over.
    nanos: u64,
    /// When the present one began.
    since: Option<Timestamp>,
    /// When the last one ended.
    resumed: Option<Timestamp>,
}

const PAUSES: Item<Pauses> = Item::new("pauses");
/// What this clock showed during a pause that is over → nanoseconds of the pauses up to it.
const PAST: Map<u64, u64> = Map::new("pauses_past");

/// What the clock shows at a block.
#[derive(Clone, Copy)]
pub struct Clock {
    chain: Timestamp,
    paused: bool,
    behind: u64,
    resumed: Option<Timestamp>,
}

impl Clock {
    /// Reads the clock at a block's time.
    pub fn load(storage: &dyn Storage, chain: Timestamp) -> StdResult<Self> {
        let pauses = PAUSES.may_load(storage)?.unwrap_or_default();
        let present = pauses.since.map_or(0, |since| chain.nanos().saturating_sub(since.nanos()));
        let (paused, behind) = (pauses.since.is_some(), pauses.nanos.saturating_add(present));
        Ok(Self { chain, paused, behind, resumed: pauses.resumed })
    }

    /// The time by which windows run.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_nanos(self.chain.nanos().saturating_sub(self.behind))
    }

    /// Whether it stands still now.
    pub const fn is_paused(&self) -> bool {
        self.paused
    }

    /// The block's time.
    pub const fn chain(&self) -> Timestamp {
        self.chain
    }

    /// When the chain's time is what this clock will show, if it is not stopped until then.
    pub fn on_chain(&self, at: Timestamp) -> Timestamp {
        Timestamp::from_nanos(at.nanos().saturating_add(self.behind))
    }

    /// When the chain's time was what this clock shows at a moment, or will be as [`Clock::on_chain`] says. Pauses
    /// after the moment don't count.
    pub fn was_on_chain(&self, storage: &dyn Storage, at: Timestamp) -> StdResult<Timestamp> {
        if at > self.now() {
            return Ok(self.on_chain(at));
        }
        let until = Some(Bound::exclusive(at.nanos()));
        let last = PAST.range(storage, None, until, Order::Descending).next().transpose()?;
        let behind = last.map_or(0, |(_, behind)| behind);
        Ok(Timestamp::from_nanos(at.nanos().saturating_add(behind)))
    }

    /// A moment of the chain's time from which somebody could act: not before the last pause was over.
    pub fn open_from(&self, at: Timestamp) -> Timestamp {
        at.max(self.resumed.unwrap_or(at))
    }

    /// A panel's status as others see it.
    pub fn panel(&self, status: PanelStatus) -> PanelStatus {
        use PanelStatus::*;
        match status {
            Serving { until } => Serving { until: self.on_chain(until) },
            Committing { until } => Committing { until: self.on_chain(until) },
            Revealing { until } => Revealing { until: self.on_chain(until) },
            Pending {} | Closed {} => status,
        }
    }

    /// A claim's status as others see it.
    pub fn claim(&self, status: ClaimStatus) -> ClaimStatus {
        use ClaimStatus::*;
        match status {
            Bisecting { from, to, until } => Bisecting { from, to, until: self.on_chain(until) },
            Settled { accepted, until } => Settled { accepted, until: self.on_chain(until) },
            other => other,
        }
    }

    /// An event as others see it.
    pub fn event(&self, mut event: Event) -> Event {
        match &mut event {
            Event::TaskOpened { commit_until: until, .. }
            | Event::AvailabilityChallenged { until, .. }
            | Event::ClaimBisecting { until, .. }
            | Event::ClaimSettled { until, .. } => *until = self.on_chain(*until),
            _ => {}
        }
        event
    }

    /// A refusal as others see it.
    pub fn error(&self, error: ContractError) -> ContractError {
        match error {
            ContractError::TooEarly { at } => ContractError::TooEarly { at: self.on_chain(at) },
            ContractError::TooLate { until } => ContractError::TooLate { until: self.on_chain(until) },
            other => other,
        }
    }
}

/// Stops the clock, or lets it run on. What is repeated changes nothing.
pub fn set_paused(storage: &mut dyn Storage, paused: bool, chain: Timestamp) -> StdResult<()> {
    let mut pauses = PAUSES.may_load(storage)?.unwrap_or_default();
    match (paused, pauses.since) {
        (true, None) => pauses.since = Some(chain),
        (false, Some(since)) => {
            let shown = since.nanos().saturating_sub(pauses.nanos);
            pauses.nanos = pauses.nanos.saturating_add(chain.nanos().saturating_sub(since.nanos()));
            PAST.save(storage, shown, &pauses.nanos)?;
            (pauses.since, pauses.resumed) = (None, Some(chain));
        }
        _ => return Ok(()),
    }
    PAUSES.save(storage, &pauses)
}

#[cfg(test)]
mod tests {
    use cosmwasm_std::testing::MockStorage;

    use super::*;

    #[test]
    fn the_clock_stands_still_during_every_pause_and_only_then() {
        let at = Timestamp::from_seconds;
        let mut storage = MockStorage::new();
        let shows = |storage: &MockStorage, chain| Clock::load(storage, at(chain)).unwrap().now().seconds();
        assert_eq!(shows(&storage, 100), 100);
        set_paused(&mut storage, false, at(100)).unwrap();
        set_paused(&mut storage, true, at(110)).unwrap();
        set_paused(&mut storage, true, at(115)).unwrap();
        assert_eq!([shows(&storage, 110), shows(&storage, 150)], [110, 110], "a repeated pause is one");
        set_paused(&mut storage, false, at(150)).unwrap();
        assert_eq!(shows(&storage, 160), 120);
        set_paused(&mut storage, true, at(160)).unwrap();
        set_paused(&mut storage, false, at(161)).unwrap();
        let clock = Clock::load(&storage, at(200)).unwrap();
        assert_eq!((clock.now(), clock.on_chain(at(160))), (at(159), at(201)));
        assert_eq!((clock.open_from(at(140)), clock.open_from(at(170))), (at(161), at(170)));
        // The first pause came at 110 of this clock, the second at 120.
        let was = |own| clock.was_on_chain(&storage, at(own)).unwrap().seconds();
        assert_eq!(
            [was(109), was(110), was(111), was(120), was(121), was(159), was(200)],
            [109, 110, 151, 160, 162, 200, 241]
        );
    }
}
