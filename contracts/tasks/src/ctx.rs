//! [`Ctx`]: what every handler works with.
use cosmwasm_std::{Addr, DepsMut, Env, MessageInfo, Response, Storage, Timestamp, Uint128, Uint256};
use lyceum_api::DENOM;
use lyceum_api::tasks::{Event, Params};
use lyceum_onchain::permission::ensure_sender;

use crate::clock::Clock;
use crate::effects::Effects;
use crate::error::{ContractError, Refused};
use crate::state::{
    CLAIMS, CONFIG, Claim, Config, DOMAINS, Domain, OPEN_BLOCK, PANELS, PARAMS, Panel, TASKS, Task,
};

/// One message under way.
pub struct Ctx<'a> {
    pub deps: DepsMut<'a>,
    pub env: Env,
    pub info: MessageInfo,
    pub config: Config,
    pub params: Params,
    pub clock: Clock,
    pub out: Effects,
}

impl<'a> Ctx<'a> {
    /// Reads configuration and parameters.
    pub fn load(deps: DepsMut<'a>, env: Env, info: MessageInfo) -> Result<Self, Refused> {
        let (config, params) = (CONFIG.load(deps.storage)?, PARAMS.load(deps.storage)?);
        let clock = Clock::load(deps.storage, env.block.time)?;
        Ok(Self { deps, env, info, config, params, clock, out: Effects::default() })
    }

    /// The time by which windows run: it stands still while the contract is paused.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Who sent the message.
    pub fn sender(&self) -> &Addr {
        &self.info.sender
    }

    /// The storage.
    pub fn storage(&mut self) -> &mut dyn Storage {
        self.deps.storage
    }

    /// Emits an event.
    pub fn emit(&mut self, event: Event) {
        self.out.emit(self.clock.event(event));
    }

    /// A domain, a task, a claim, a panel: each must exist.
    pub fn domain(&self, id: u64) -> Result<Domain, Refused> {
        DOMAINS
            .may_load(self.deps.storage, id)?
            .ok_or_else(|| ContractError::NotFound { what: "domain", id }.into())
    }

    pub fn task(&self, id: u64) -> Result<Task, Refused> {
        TASKS
            .may_load(self.deps.storage, id)?
            .ok_or_else(|| ContractError::NotFound { what: "task", id }.into())
    }

    pub fn claim(&self, id: u64) -> Result<Claim, Refused> {
        CLAIMS
            .may_load(self.deps.storage, id)?
            .ok_or_else(|| ContractError::NotFound { what: "claim", id }.into())
    }

    pub fn panel(&self, id: u64) -> Result<Panel, Refused> {
        Panel::may_load(self.deps.storage, id)?
            .ok_or_else(|| ContractError::NotFound { what: "panel", id }.into())
    }

    pub fn save_task(&mut self, id: u64, task: &Task) -> Result<(), Refused> {
        Ok(TASKS.save(self.deps.storage, id, task)?)
    }

    pub fn save_claim(&mut self, claim: &Claim) -> Result<(), Refused> {
        Ok(CLAIMS.save(self.deps.storage, claim.id, claim)?)
    }

    pub fn save_panel(&mut self, panel: &Panel) -> Result<(), Refused> {
        Ok(PANELS.save(self.deps.storage, panel.id, panel)?)
    }

    /// The message must come with exactly this much, in the one denomination.
    pub fn exact_funds(&self, required: Uint128) -> Result<(), Refused> {
        let fits = match self.info.funds.as_slice() {
            [] => required.is_zero(),
            [coin] => coin.denom == DENOM && coin.amount == Uint256::from(required) && !required.is_zero(),
            _ => false,
        };
        if fits {
            return Ok(());
        }
        let found: Vec<_> = self.info.funds.iter().take(4).map(ToString::to_string).collect();
        Err(ContractError::WrongFunds { required, found: found.join(",") }.into())
    }

    /// The message must come from this account.
    pub fn only(&self, allowed: &Addr) -> Result<(), Refused> {
        Ok(ensure_sender(self.sender(), allowed)?)
    }

    /// The window must not have begun.
    pub fn not_before(&self, at: Timestamp) -> Result<(), Refused> {
        if self.now() < at { Err(ContractError::TooEarly { at }.into()) } else { Ok(()) }
    }

    /// The window must not be over.
    pub fn before(&self, until: Timestamp) -> Result<(), Refused> {
        if self.now() < until { Ok(()) } else { Err(ContractError::TooLate { until }.into()) }
    }

    /// Ends the message.
    pub fn finish(self) -> Result<Response, Refused> {
        // Most messages accrue nothing, and need not read it.
        let open = || Ok(OPEN_BLOCK.load(self.deps.storage)?.number);
        Ok(self.out.into_response(&self.config, open)?)
    }
}
