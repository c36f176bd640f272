//! A delegation at work: read with its node, brought up to date, changed, and written with all that follows.
//!
//! To bring it up to date is to pull its rewards and to settle its redelegations. Redelegated stake answers for the
//! node it left, too, but a slash there must not walk over all who left: it only lowers the price of
//! `state::MOVED`. The loss is taken here, from the delegation itself, and nothing of it can leave before that.
use cosmwasm_std::{Addr, BankMsg, Response, Uint128, coins};
use lyceum_api::nodes::events;
use lyceum_api::{DENOM, rewards};

use crate::earnings::Earnings;
use crate::error::ContractError;
use crate::event;
use crate::standing::{Ctx, First, Standing};
use crate::state::{DELEGATIONS, Delegation, MOVED};

/// A delegation and its node.
pub struct Position {
    pub standing: Standing,
    pub delegation: Delegation,
    delegator: Addr,
    earnings: Earnings,
    /// Rewards pulled.
    pub due: Uint128,
    /// Taken for slashes of sources.
    pub slashed: Uint128,
    /// Redelegations that are over.
    pub freed: usize,
    /// Whether others than the node held shares of it.
    shared: bool,
    /// Whether the node's stake changed.
    changed: bool,
}

impl Position {
    /// Reads a delegation, which may be none yet, and brings it up to date.
    pub fn open(ctx: &mut Ctx<'_>, standing: Standing, delegator: Addr) -> Result<Self, ContractError> {
        let (storage, node) = (&*ctx.deps.storage, &standing.addr);
        let mut earnings = Earnings::load(storage, node, &standing.node.pool)?;
        let mut delegation = DELEGATIONS.may_load(storage, (&delegator, node))?.unwrap_or_default();
        if delegation.stake.era != standing.node.pool.era {
            delegation = Delegation::default(); // void
        }
        let due = earnings.pull(storage, node, &mut delegation.stake)?;
        let shared = !standing.delegated().is_zero();
        let (slashed, freed, changed) = (Uint128::zero(), 0, false);
        let mut position =
            Self { standing, delegation, delegator, earnings, due, slashed, freed, shared, changed };
        position.settle_moved(ctx)?;
        Ok(position)
    }

    fn settle_moved(&mut self, ctx: &mut Ctx<'_>) -> Result<(), ContractError> {
        let now = ctx.now();
        for mut moved in std::mem::take(&mut self.delegation.moved) {
            let mut pool = MOVED.may_load(ctx.deps.storage, &moved.from)?.unwrap_or_default();
            let worth = pool.worth_of(moved.exposed, moved.era);
            if worth < moved.worth {
                // ⌈s · l / w⌉ ≤ s as l ≤ w.
                let lost = moved.shares.mul_ceil((moved.worth - worth, moved.worth));
                self.earnings.leave(&mut self.delegation.stake, lost);
                self.slashed += self.standing.burn(lost);
                self.changed = true;
                moved.shares -= lost;
                moved.worth = worth;
            }
            if now < moved.at && !worth.is_zero() {
                self.delegation.moved.push(moved);
                continue;
            }
            self.freed += 1;
            if !worth.is_zero() {
                pool.burn(moved.exposed);
                MOVED.save(ctx.deps.storage, &moved.from, &pool)?;
            }
        }
        Ok(())
    }

    /// Adds stake and gives its shares.
    pub fn join(&mut self, ctx: &Ctx<'_>, amount: Uint128) -> Result<Uint128, ContractError> {
        let shares = self.standing.add_stake(ctx, amount)?;
        self.earnings.join(&mut self.delegation.stake, shares);
        self.changed = true;
        Ok(shares)
    }

    /// Takes stake, but none that a redelegation holds.
    pub fn leave(&mut self, amount: Uint128) -> Result<(), ContractError> {
        let (pool, free) = (&self.standing.node.pool, self.delegation.free());
        if amount.is_zero() {
            return Err(ContractError::Nothing);
        }
        let found = pool.worth(free);
        if amount > found {
            let (node, delegator) = (self.standing.addr.clone(), self.delegator.clone());
            let locked = pool.worth(self.delegation.stake.shares - free);
            return Err(ContractError::DelegationTooLow { node, delegator, required: amount, found, locked });
        }
        let burned = self.standing.remove_stake(free, amount, First::Young);
        self.earnings.leave(&mut self.delegation.stake, burned);
        self.changed = true;
        Ok(())
    }

    /// Writes everything, pays the rewards to the delegator and the slashes to the treasury, and tells `rewards`
    /// when the first delegation came or the last one left. A failure of any of these fails the message.
    pub fn close(self, ctx: &mut Ctx<'_>, mut response: Response) -> Result<Response, ContractError> {
        let Self { standing, delegation, delegator, earnings, due, slashed, freed, shared, changed } = self;
        let (storage, node) = (&mut *ctx.deps.storage, standing.addr.clone());
        if delegation.stake.shares.is_zero() {
            DELEGATIONS.remove(storage, (&delegator, &node));
        } else {
            DELEGATIONS.save(storage, (&delegator, &node), &delegation)?;
        }
        earnings.save(storage, &node)?;
        let treasury = rewards::Client::new(ctx.config.rewards.clone());
        if freed > 0 || !slashed.is_zero() {
            let event = event::of(events::SETTLED, &node)
                .add_attribute("delegator", &delegator)
                .add_attribute("slashed", slashed)
                .add_attribute("freed", freed.to_string());
            response = response.add_event(event);
        }
        if !slashed.is_zero() {
            response = response.add_message(treasury.fund(coins(slashed.u128(), DENOM))?);
        }
        let shares = !standing.delegated().is_zero();
        if shares != shared {
            response = response.add_message(treasury.set_shared(&node, shares)?);
        }
        if !due.is_zero() {
            let event = event::of(events::REWARDED, &node)
                .add_attribute("delegator", &delegator)
                .add_attribute("amount", due);
            let payment = BankMsg::Send { to_address: delegator.into(), amount: coins(due.u128(), DENOM) };
            response = response.add_event(event).add_message(payment);
        }
        if changed { standing.settle(ctx, response) } else { Ok(response) }
    }
}
