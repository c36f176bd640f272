//! What a node's delegations earn: an index per share, so that sharing emission is one addition (F1 of the Cosmos
//! SDK), and a waiting room, so that nobody earns what had accrued before he came.
//!
//! Emission is not known here until it is pulled. A delegation therefore earns nothing in the pull that comes next
//! and joins at its end, if that pull left nothing behind; anyone may pull. What was not pulled when a delegation
//! leaves goes to those who stay.
use cosmwasm_schema::serde::{Deserialize, Serialize};
use cosmwasm_std::{Addr, StdResult, Storage, Uint128};
use cw_storage_plus::Map;

use crate::error::ContractError;
use crate::packed::packed;
use crate::pool::Pool;

/// The index counts ulyc × 10⁻¹⁸ per share.
const SCALE: Uint128 = Uint128::new(1_000_000_000_000_000_000);

/// Rewards of one node's delegations; only nodes with delegations have one.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(crate = "cosmwasm_schema::serde", into = "Vec<Uint128>", try_from = "Vec<Uint128>")]
pub struct Earnings {
    /// As [`Pool::era`]; those of an earlier era begin anew.
    era: u32,
    /// Delegated shares that wait for the end of this round.
    pub joining: Uint128,
    /// Shares of the node's own that wait for it. An unbonding does not lower it, which costs the node at most
    /// this round's part of them.
    own_joining: Uint128,
    /// Counts how often waiting shares joined.
    round: u64,
    index: Uint128,
    /// What the index could not express yet, and what void shares had not pulled.
    rest: Uint128,
    /// Held for delegations, `rest` included.
    pub owed: Uint128,
}

packed!(Earnings: era, joining, own_joining, round, index, rest, owed);

const EARNINGS: Map<&Addr, Earnings> = Map::new("earnings");
/// (node, round) → the index when the shares joined that came in that round.
const ROUNDS: Map<(&Addr, u64), Uint128> = Map::new("rounds");

/// One delegation, without what it redelegated.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(crate = "cosmwasm_schema::serde", into = "Vec<Uint128>", try_from = "Vec<Uint128>")]
pub struct Stake {
    /// As [`Pool::era`]; shares of an earlier era are void.
    pub era: u32,
    /// All shares.
    pub shares: Uint128,
    /// Those of them that came in `round`.
    joining: Uint128,
    round: u64,
    index: Uint128,
}

packed!(Stake: era, shares, joining, round, index);

fn earned(shares: Uint128, index: Uint128) -> Uint128 {
    shares.mul_floor((index, SCALE)) // no more than was shared
}

impl Earnings {
    pub fn load(storage: &dyn Storage, node: &Addr, pool: &Pool) -> StdResult<Self> {
        let mut earnings = EARNINGS.may_load(storage, node)?.unwrap_or_default();
        if earnings.era != pool.era {
            let (round, index, owed) = (earnings.round + 1, earnings.index, earnings.owed);
            let zero = Uint128::zero();
            earnings =
                Self { era: pool.era, joining: zero, own_joining: zero, round, index, rest: owed, owed };
        }
        Ok(earnings)
    }

    pub fn save(&self, storage: &mut dyn Storage, node: &Addr) -> StdResult<()> {
        EARNINGS.save(storage, node, self)
    }

    /// What a delegation of this era earned since it was last asked; it has joined now if its round is over.
    pub fn pull(&mut self, storage: &dyn Storage, node: &Addr, stake: &mut Stake) -> StdResult<Uint128> {
        let mut due = earned(stake.shares - stake.joining, self.index - stake.index);
        if !stake.joining.is_zero() && stake.round != self.round {
            let joined = ROUNDS.load(storage, (node, stake.round))?;
            due += earned(stake.joining, self.index - joined);
            stake.joining = Uint128::zero();
        }
        stake.index = self.index;
        self.owed -= due; // parts, rounded down, of what was shared
        Ok(due)
    }

    /// Adds shares to a delegation that was just pulled.
    pub fn join(&mut self, stake: &mut Stake, shares: Uint128) {
        stake.era = self.era;
        stake.shares += shares;
        stake.joining += shares;
        stake.round = self.round;
        self.joining += shares;
    }

    /// Takes shares from a delegation that was just pulled, those that wait first.
    pub fn leave(&mut self, stake: &mut Stake, shares: Uint128) {
        let waiting = shares.min(stake.joining);
        stake.shares -= shares;
        stake.joining -= waiting;
        self.joining -= waiting;
    }

    /// Shares of the node's own wait like any other.
    pub fn own_joins(&mut self, shares: Uint128) {
        self.own_joining += shares;
    }

    /// Shares emission and gives what is the node's: its commission (hundredths of a percent) and the part of its
    /// own shares. Rounding favours the delegations.
    pub fn share(
        &mut self,
        amount: Uint128,
        commission: u16,
        own: Uint128,
        delegated: Uint128,
    ) -> Result<Uint128, ContractError> {
        let (own, active) = (own.saturating_sub(self.own_joining), delegated - self.joining);
        if active.is_zero() {
            return Ok(amount);
        }
        let overflow = |_| ContractError::Overflow { what: "the rewards of delegations" };
        let net = amount - amount.mul_floor((u128::from(commission), 10_000u128));
        let total = own.checked_add(active).map_err(overflow)?;
        let shared = net.mul_ceil((active, total));
        let pot = self.rest.checked_add(shared).map_err(overflow)?;
        // The index times the shares is what was ever shared, below the supply, × 10¹⁸.
        let step = pot.checked_mul_floor((SCALE, active)).unwrap_or_default();
        self.index = self.index.checked_add(step).map_err(overflow)?;
        self.rest = pot - step.mul_ceil((active, SCALE)); // ⌈⌊p·k/a⌋·a/k⌉ ≤ p
        self.owed = self.owed.checked_add(shared).map_err(overflow)?;
        Ok(amount - shared)
    }

    /// Ends the round after a pull that left nothing behind.
    pub fn end_round(&mut self, storage: &mut dyn Storage, node: &Addr) -> StdResult<()> {
        self.own_joining = Uint128::zero();
        if self.joining.is_zero() {
            return Ok(()); // nobody refers to this round
        }
        ROUNDS.save(storage, (node, self.round), &self.index)?;
        self.joining = Uint128::zero();
        self.round += 1;
        Ok(())
    }
}
