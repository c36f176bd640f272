//! What follows from a message, gathered while it is handled and sent in one order at its end.
//!
//! Every message here goes to a contract of ours that is trusted not to fail for a reason of its own; if one does
//! fail, the whole message fails and nothing has happened.
use cosmwasm_std::{Addr, CosmosMsg, Event, Response, StdResult, SubMsg, Uint128, coins};
use lyceum_api::DENOM;
use lyceum_api::credits::{Award, Reason};
use lyceum_api::nodes::{NodeEvent, Outcome, SlashReason};
use lyceum_api::rewards::{Accrual, Payment, Pool};
use lyceum_api::tasks;

use crate::state::Config;

/// The most items that `nodes`, `rewards` and `credits` take in one message.
const BATCH: usize = 64;

/// What a message does beyond this contract's state.
#[derive(Default)]
pub struct Effects {
    payments: Vec<Payment>,
    treasury: Uint128,
    nodes: Vec<NodeEvent>,
    accruals: Vec<Accrual>,
    awards: Vec<Award>,
    /// The learning block of the accruals, where it is not the open one any more.
    accrue_in: Option<u64>,
    before: Vec<SubMsg>,
    after: Vec<CosmosMsg>,
    events: Vec<Event>,
}

impl Effects {
    /// Credits an amount that this contract holds.
    pub fn pay(&mut self, account: &Addr, amount: Uint128, reason: &str) {
        if amount.is_zero() {
            return;
        }
        let same = |p: &&mut Payment| p.account == account.as_str() && p.reason == reason;
        match self.payments.iter_mut().find(same) {
            Some(payment) => payment.amount += amount,
            None => {
                let (account, reason) = (account.to_string(), reason.to_owned());
                self.payments.push(Payment { account, amount, reason });
            }
        }
    }

    /// Gives an amount that this contract holds to the treasury.
    pub fn give_treasury(&mut self, amount: Uint128) {
        self.treasury += amount;
    }

    /// Tells `nodes`.
    pub fn report(&mut self, event: NodeEvent) {
        self.nodes.push(event);
    }

    /// Tells `nodes` how a claim ended.
    pub fn close_claim(&mut self, trainer: &Addr, outcome: Outcome) {
        self.report(NodeEvent::ClaimClosed { node: trainer.to_string(), outcome });
    }

    /// Tells `nodes` whether a seat agreed.
    pub fn judge_seat(&mut self, seat: &Addr, agreed: bool) {
        self.report(NodeEvent::Seat { node: seat.to_string(), agreed });
    }

    /// Has seats slashed; `paid` are owed `cost_each` once, out of the first one's stake.
    pub fn slash_seats<'a>(
        &mut self,
        seats: impl Iterator<Item = &'a Addr>,
        reason: SlashReason,
        cost_each: Uint128,
        paid: &[Addr],
    ) {
        for (i, seat) in seats.enumerate() {
            let paid = if i == 0 { paid } else { &[] };
            self.report(NodeEvent::Slash {
                node: seat.to_string(),
                reason,
                cost_each,
                paid: paid.iter().map(Addr::to_string).collect(),
                challenger: None,
            });
        }
    }

    /// Adds a weight in the open learning block.
    pub fn accrue(&mut self, pool: Pool, account: &Addr, weight: Uint128) {
        if weight.is_zero() {
            return;
        }
        match self.accruals.iter_mut().find(|a| a.pool == pool && a.account == account.as_str()) {
            Some(accrual) => accrual.weight += weight,
            None => self.accruals.push(Accrual { pool, account: account.to_string(), weight }),
        }
    }

    /// The accruals belong to a learning block that this message seals.
    pub fn accrue_in(&mut self, learning_block: u64) {
        self.accrue_in = Some(learning_block);
    }

    /// Awards credits.
    pub fn award(&mut self, account: &Addr, reason: Reason, subject: u64) {
        self.awards.push(Award { account: account.to_string(), reason, subject });
    }

    /// An attestation agreed with the outcome: a weight of 1 and credits.
    pub fn reward_seat(&mut self, seat: &Addr, subject: u64) {
        self.accrue(Pool::Evaluators, seat, Uint128::one());
        self.award(seat, Reason::Attestation {}, subject);
    }

    /// Sends a message, before what was gathered.
    pub fn send(&mut self, message: impl Into<SubMsg>) {
        self.before.push(message.into());
    }

    /// Sends a message, after everything else.
    pub fn send_last(&mut self, message: CosmosMsg) {
        self.after.push(message);
    }

    /// Emits an event.
    pub fn emit(&mut self, event: tasks::Event) {
        self.events.push(event.into());
    }

    /// The response: funds, reports, weights, credits, then what comes last.
    pub fn into_response(self, config: &Config, open: impl Fn() -> StdResult<u64>) -> StdResult<Response> {
        let mut messages = self.before;
        let rewards = config.rewards();
        let mut treasury = self.treasury;
        for payments in batches(self.payments) {
            let sum = payments.iter().map(|p| p.amount).sum::<Uint128>() + treasury;
            treasury = Uint128::zero();
            messages.push(SubMsg::new(rewards.deposit(payments, coins(sum.u128(), DENOM))?));
        }
        if !treasury.is_zero() {
            messages.push(SubMsg::new(rewards.deposit(vec![], coins(treasury.u128(), DENOM))?));
        }
        for events in batches(self.nodes) {
            messages.push(SubMsg::new(config.nodes().report(events)?));
        }
        for accruals in batches(self.accruals) {
            let learning_block = self.accrue_in.map_or_else(&open, Ok)?;
            messages.push(SubMsg::new(rewards.accrue(learning_block, accruals)?));
        }
        for awards in batches(self.awards) {
            messages.push(SubMsg::new(config.credits().award(awards)?));
        }
        messages.extend(self.after.into_iter().map(SubMsg::new));
        Ok(Response::new().add_submessages(messages).add_events(self.events))
    }
}

fn batches<T>(items: Vec<T>) -> impl Iterator<Item = Vec<T>> {
    let mut items = items.into_iter().peekable();
    std::iter::from_fn(move || {
        items.peek()?;
        Some(items.by_ref().take(BATCH).collect())
    })
}
