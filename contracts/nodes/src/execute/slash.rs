//! Slashing: from bonded stake and from what is in queues in proportion, whoever's it is, never more than is there,
//! all of it to `rewards`. Three subtractions, however many share the pools.
use cosmwasm_std::{Addr, Response, StdError, Uint128, coins};
use lyceum_api::DENOM;
use lyceum_api::nodes::{SlashReason, events};
use lyceum_api::rewards::{self, Payment};
use lyceum_economy::stake::{self, Offence, SlashSplit, split_slash};

use super::jail;
use crate::error::ContractError;
use crate::event;
use crate::standing::{Ctx, Standing};
use crate::state::{MOVED, QUEUED};

/// Dispute seats that one slash may pay.
const MAX_PAID: usize = 32;

/// Who is paid out of a slash, before the treasury.
pub struct Recipients {
    cost_each: Uint128,
    paid: Vec<Addr>,
    challenger: Option<Addr>,
}

impl Recipients {
    pub fn new(
        ctx: &Ctx<'_>,
        cost_each: Uint128,
        paid: Vec<String>,
        challenger: Option<String>,
    ) -> Result<Self, ContractError> {
        if paid.len() > MAX_PAID {
            return Err(ContractError::TooMany { what: "paid seats", found: paid.len(), max: MAX_PAID });
        }
        let valid = |account: &String| ctx.deps.api.addr_validate(account);
        Ok(Self {
            cost_each,
            paid: paid.iter().map(valid).collect::<Result<_, _>>()?,
            challenger: challenger.as_ref().map(valid).transpose()?,
        })
    }

    /// The parts of an amount of which the operator's own bond bears `own`, and whom `rewards` credits; what it does
    /// not credit joins the treasury. Costs that the amount does not cover are shared equally.
    fn payments(&self, amount: Uint128, own: Uint128) -> (SlashSplit, Vec<Payment>) {
        let seats = Uint128::new(self.paid.len() as u128);
        let costs = self.cost_each.checked_mul(seats).unwrap_or(Uint128::MAX);
        let mut split = split_slash(amount, costs, own, self.challenger.is_some());
        let each = split.costs.checked_div(seats).unwrap_or_default();
        let rounding = split.costs - each * seats; // each · seats ≤ costs
        split.costs -= rounding;
        split.treasury += rounding; // the parts sum to the amount
        let pay = |account: &Addr, amount, reason: &str| Payment {
            account: account.to_string(),
            amount,
            reason: reason.to_owned(),
        };
        let mut payments = vec![];
        if !each.is_zero() {
            payments.extend(self.paid.iter().map(|seat| pay(seat, each, "dispute_cost")));
        }
        if let Some(challenger) = self.challenger.as_ref().filter(|_| !split.challenger.is_zero()) {
            payments.push(pay(challenger, split.challenger, "challenge"));
        }
        (split, payments)
    }
}

/// The stable name of a reason, in events.
pub fn reason_name(reason: SlashReason) -> &'static str {
    match reason {
        SlashReason::Fraud => "fraud",
        SlashReason::FalseAttestation => "false_attestation",
        SlashReason::Unrevealed => "unrevealed",
        SlashReason::Downtime => "downtime",
    }
}

/// Takes what the offence costs, at most what is there, and jails the node. Every reason jails: a node that was
/// caught or was away is neither drawn nor votes until it comes back.
pub fn slash(
    ctx: &mut Ctx<'_>,
    standing: &mut Standing,
    reason: SlashReason,
    recipients: Recipients,
    response: Response,
) -> Result<Response, ContractError> {
    let offence = match reason {
        SlashReason::Fraud => Offence::Fraud,
        SlashReason::FalseAttestation | SlashReason::Unrevealed => Offence::Attestation,
        SlashReason::Downtime => Offence::Downtime,
    };
    let part = |whole| stake::slash(offence, whole, Uint128::zero()).stake;
    // What is in queues is slashable until it is claimed, also when its time is over.
    let mut queued = QUEUED.may_load(ctx.deps.storage, &standing.addr)?.unwrap_or_default();
    let total = standing.stake().checked_add(queued.tokens).map_err(StdError::from)?;
    let amount = part(total);
    // ⌈a · s / t⌉ ≤ s as a ≤ t, and what is left, ≤ a · q / t, is in the queues. Empty if there is nothing.
    let from_stake = if total.is_zero() { amount } else { amount.mul_ceil((standing.stake(), total)) };
    let held = standing.stake();
    let own = if held.is_zero() { held } else { from_stake.mul_floor((standing.own(), held)) };
    standing.slash(from_stake);
    if amount > from_stake {
        queued.slash(amount - from_stake);
        QUEUED.save(ctx.deps.storage, &standing.addr, &queued)?;
    }
    if let Some(mut moved) = MOVED.may_load(ctx.deps.storage, &standing.addr)? {
        // Held by other nodes' pools, and taken from there when the redelegations are settled.
        moved.slash(part(moved.tokens));
        MOVED.save(ctx.deps.storage, &standing.addr, &moved)?;
    }

    let (split, payments) = recipients.payments(amount, own);
    let response = response
        .add_event(
            event::of(events::SLASHED, &standing.addr)
                .add_attribute("reason", reason_name(reason))
                .add_attribute("amount", amount)
                .add_attribute("costs", split.costs)
                .add_attribute("challenger", split.challenger)
                .add_attribute("treasury", split.treasury),
        )
        .add_event(jail::jail(standing, ctx.params.jail_seconds, ctx.now()));
    if amount.is_zero() {
        return Ok(response); // nothing left to take must not stop a settlement
    }
    // A deposit that fails fails the report: stake is never taken without being paid out.
    let rewards = rewards::Client::new(ctx.config.rewards.clone());
    Ok(response.add_message(rewards.deposit(payments, coins(amount.u128(), DENOM))?))
}
