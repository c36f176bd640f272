//! A node at work: read once, changed, and written with everything that follows from the change.
//!
//! Activity, the weight in draws and the power in dataset votes are functions of the node's state; they are
//! computed only here, and what others count on (the number of active nodes, the sum tree, the copy of the power
//! that `datasets` keeps) changes in the same message.
use cosmwasm_std::{Addr, DepsMut, Env, MessageInfo, Response, Storage, Uint128};
use lyceum_api::datasets;
use lyceum_api::nodes::{Params, Role, events};
use lyceum_economy::stake::voting_power;

use crate::error::ContractError;
use crate::event;
use crate::state::{
    ACTIVE, CONFIG, Config, DRAW_CLOCK, MAX_MATURING, Maturing, NODES, Node, PARAMS, SORTITION, STAKE,
    WORK_CLOCK,
};

/// What every message works with.
pub struct Ctx<'a> {
    pub deps: DepsMut<'a>,
    pub env: Env,
    pub info: MessageInfo,
    pub config: Config,
    pub params: Params,
    /// The draw's epoch now.
    pub epoch: u64,
    /// The epoch of accepted work now.
    pub work_epoch: u64,
}

impl<'a> Ctx<'a> {
    pub fn load(deps: DepsMut<'a>, env: Env, info: MessageInfo) -> Result<Self, ContractError> {
        let now = env.block.time.seconds();
        let config = CONFIG.load(deps.storage)?;
        let params = PARAMS.load(deps.storage)?;
        let epoch = DRAW_CLOCK.load(deps.storage)?.epoch(now);
        let work_epoch = WORK_CLOCK.load(deps.storage)?.epoch(now);
        Ok(Self { deps, env, info, config, params, epoch, work_epoch })
    }

    pub fn now(&self) -> u64 {
        self.env.block.time.seconds()
    }

    /// The node that sent the message.
    pub fn sender(&self) -> Result<Standing, ContractError> {
        Standing::load(self.deps.storage, self.info.sender.clone())
    }

    /// The node with an address that came in.
    pub fn named(&self, node: &str) -> Result<Standing, ContractError> {
        Standing::load(self.deps.storage, self.deps.api.addr_validate(node)?)
    }
}

/// A node while a message changes it.
pub struct Standing {
    pub addr: Addr,
    pub node: Node,
    /// Its stake as [`STAKE`] has it.
    stored: Uint128,
}

/// Which stake leaves first.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum First {
    /// What counts in draws: of slashes and of the node's own bond, so that a weight never outlives its stake by
    /// fresh bonding.
    Matured,
    /// What is too young for draws: of delegations, so that nobody lowers a node's weight by delegating and
    /// leaving at once.
    Young,
}

impl Standing {
    /// Reads a registered node.
    pub fn load(storage: &dyn Storage, addr: Addr) -> Result<Self, ContractError> {
        let Some(node) = NODES.may_load(storage, &addr)? else {
            return Err(ContractError::NotRegistered { node: addr });
        };
        Ok(Self::of(addr, node))
    }

    /// A node as it is stored.
    pub fn of(addr: Addr, node: Node) -> Self {
        let stored = node.pool.tokens;
        Self { addr, node, stored }
    }

    /// All stake, its own and delegated.
    pub fn stake(&self) -> Uint128 {
        self.node.pool.tokens
    }

    /// Its own bond.
    pub fn own(&self) -> Uint128 {
        self.node.pool.worth(self.node.own)
    }

    /// The shares that others hold.
    pub fn delegated(&self) -> Uint128 {
        self.node.pool.shares - self.node.own
    }

    pub fn has(&self, role: Role) -> bool {
        self.node.roles.contains(&role)
    }

    /// Registered, a bond of its own that is large enough, not in jail. Delegations don't count: an operator has
    /// something of his own to lose.
    pub fn is_active(&self, params: &Params) -> bool {
        self.node.jailed_until.is_none() && self.own() >= params.min_stake
    }

    pub fn ensure_active(&self, params: &Params) -> Result<(), ContractError> {
        if self.is_active(params) {
            return Ok(());
        }
        let (node, required, stake) = (self.addr.clone(), params.min_stake, self.own());
        Err(ContractError::NotActive { node, required, stake })
    }

    /// Adds young stake and gives its shares. Amounts of one epoch are one entry; when the list is full the youngest
    /// entry takes the amount and its age begins anew, so that nobody is refused and nothing counts too early. (The
    /// list is full for less than a maturity, and so is anybody kept waiting by others.)
    pub fn add_stake(&mut self, ctx: &Ctx<'_>, amount: Uint128) -> Result<Uint128, ContractError> {
        let (now, epoch) = (ctx.now(), ctx.epoch);
        self.mature(ctx.params.maturity_seconds, now);
        let shares = self.node.pool.add(amount)?;
        let full = self.node.maturing.len() >= MAX_MATURING;
        match self.node.maturing.last_mut() {
            Some(last) if last.epoch == epoch || full => {
                last.amount += amount; // at most the stake
                (last.epoch, last.at) = (epoch, now);
            }
            _ => self.node.maturing.push(Maturing { amount, epoch, at: now }),
        }
        Ok(shares)
    }

    /// Moves what is old enough to the stake that counts in draws, and gives its sum.
    pub fn mature(&mut self, maturity_seconds: u64, now: u64) -> Uint128 {
        let mut amount = Uint128::zero();
        self.node.maturing.retain(|entry| {
            let young = now < entry.at.saturating_add(maturity_seconds);
            if !young {
                amount += entry.amount; // at most the stake
            }
            young
        });
        self.node.matured += amount;
        amount
    }

    /// Takes stake out of a holding that is worth as much, and gives the shares burned.
    pub fn remove_stake(&mut self, held: Uint128, amount: Uint128, first: First) -> Uint128 {
        self.unmature(amount, first);
        self.node.pool.take(held, amount)
    }

    /// Burns shares for a slash that is their holder's alone, and gives what they were worth.
    pub fn burn(&mut self, shares: Uint128) -> Uint128 {
        let amount = self.node.pool.burn(shares);
        self.unmature(amount, First::Matured);
        amount
    }

    /// Takes stake from all shares alike, at most what there is.
    pub fn slash(&mut self, amount: Uint128) {
        self.unmature(amount.min(self.stake()), First::Matured);
        self.node.pool.slash(amount);
        if self.stake().is_zero() {
            self.node.own = Uint128::zero(); // void
        }
    }

    /// Lowers what counts in draws and what is too young for it, which sum to the stake.
    fn unmature(&mut self, amount: Uint128, first: First) {
        let young = self.node.maturing.iter().map(|entry| entry.amount).sum::<Uint128>();
        let matured = match first {
            First::Matured => amount.min(self.node.matured),
            First::Young => amount - amount.min(young),
        };
        self.node.matured -= matured;
        let mut left = amount - matured;
        while let Some(last) = self.node.maturing.last_mut() {
            let part = left.min(last.amount);
            last.amount -= part;
            left -= part;
            if !last.amount.is_zero() {
                break;
            }
            self.node.maturing.pop();
        }
    }

    /// What open claims rest on: as many bonds as claims are open, each as large as the largest of them.
    pub fn locked_by_claims(&self) -> Uint128 {
        Uint128::from(self.node.open_claims).checked_mul(self.node.largest_bond).unwrap_or(Uint128::MAX)
    }

    /// Writes the node and all that follows. The push to `datasets` fails the message if it fails: a copy of the
    /// power that lags would let a jailed node vote.
    pub fn settle(mut self, ctx: &mut Ctx<'_>, response: Response) -> Result<Response, ContractError> {
        let storage = &mut *ctx.deps.storage;
        let active = self.is_active(&ctx.params);
        let weight = if active && self.has(Role::Evaluator) { self.node.matured } else { Uint128::zero() };
        let hours = self.node.work.of_last_epoch(ctx.work_epoch) / 3_600;
        let vote_power = if active { voting_power(self.node.gpus.into(), self.stake(), hours) } else { 0 };
        let old = (self.node.active, self.node.weight, self.node.vote_power);

        if active != old.0 {
            let count = ACTIVE.load(storage)?;
            // A node is counted exactly while its flag is set.
            ACTIVE.save(storage, &if active { count + 1 } else { count - 1 })?;
        }
        if weight != old.1 {
            for class in &self.node.classes {
                SORTITION.set_weight(storage, class, &self.addr, weight, ctx.epoch)?;
            }
        }
        if self.stake() != self.stored {
            STAKE.save(storage, &self.addr, &self.stake(), ctx.env.block.height)?;
        }
        (self.node.active, self.node.weight, self.node.vote_power) = (active, weight, vote_power);
        NODES.save(storage, &self.addr, &self.node)?;

        if (active, weight, vote_power) == old {
            return Ok(response);
        }
        let response = response.add_event(
            event::of(events::STANDING, &self.addr)
                .add_attribute("active", active.to_string())
                .add_attribute("weight", weight)
                .add_attribute("vote_power", vote_power.to_string()),
        );
        if vote_power == old.2 {
            return Ok(response);
        }
        let datasets = datasets::Client::new(ctx.config.datasets.clone());
        Ok(response.add_message(datasets.set_power(&self.addr, vote_power)?))
    }
}
