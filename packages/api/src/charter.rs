//! The charter: pact, rules, authority, parameters and pause switch.

use cosmwasm_schema::{QueryResponses, cw_serde};
use cosmwasm_std::Uint128;

use crate::Hash32;
use crate::client::{Contract, Interface};
use crate::{datasets, experts, nodes, tasks};

pub mod events;

/// Marker of the charter's interface.
#[derive(Debug, Clone)]
pub struct Charter;

impl Interface for Charter {
    type Execute = ExecuteMsg;
    type Query = QueryMsg;
}

/// A client of the charter.
pub type Client = Contract<Charter>;

/// The contracts under the charter.
#[cw_serde]
pub struct Contracts {
    /// The node registry.
    pub nodes: String,
    /// Datasets.
    pub datasets: String,
    /// Models and expert blocks.
    pub experts: String,
    /// Tasks and claims.
    pub tasks: String,
    /// Credits.
    pub credits: String,
    /// Treasury and rewards.
    pub rewards: String,
}

/// A rule of the charter: an action is allowed when every limit holds.
#[cw_serde]
pub struct Rule {
    /// The action, e.g. `training_step`.
    pub action: String,
    /// Bounds on its parameters; a bounded parameter that is absent is a violation.
    pub limits: Vec<Limit>,
}

/// Inclusive bounds of one parameter.
#[cw_serde]
pub struct Limit {
    /// The parameter's name.
    pub name: String,
    /// Its least value.
    pub min: Uint128,
    /// Its greatest value.
    pub max: Uint128,
}

/// A parameter of an action someone asks about.
#[cw_serde]
pub struct ActionParam {
    /// The parameter's name.
    pub name: String,
    /// Its value.
    pub value: Uint128,
}

/// What the authority may do to the other contracts, each forwarded through its typed client.
#[cw_serde]
pub enum Action {
    /// Replace the parameters of `nodes`.
    SetNodes {
        /// The new parameters.
        params: nodes::Params,
    },
    /// Replace the parameters of `datasets`.
    SetDatasets {
        /// The new parameters.
        params: datasets::Params,
    },
    /// Replace the parameters of `tasks`.
    SetTasks {
        /// The new parameters.
        params: tasks::Params,
    },
    /// Register a model.
    RegisterModel {
        /// The model.
        model: experts::NewModel,
    },
    /// Register a domain.
    RegisterDomain {
        /// The domain.
        domain: tasks::NewDomain,
    },
    /// Pay a grant out of the treasury.
    Grant {
        /// The receiver.
        to: String,
        /// How much, in ulyc.
        amount: Uint128,
        /// Why, for the audit trail.
        reason: String,
    },
}

/// The most rules.
pub const MAX_RULES: usize = 64;
/// The most limits of a rule.
pub const MAX_LIMITS: usize = 16;
/// The most parameters of an action that is asked about.
pub const MAX_ACTION_PARAMS: usize = 64;

/// Instantiation.
#[cw_serde]
pub struct InstantiateMsg {
    /// Who changes what may be changed: a key, an x/group policy or gov.
    pub authority: String,
    /// Hash of the pact's text.
    pub pact: Hash32,
    /// Rules that [`QueryMsg::ValidateAction`] checks.
    pub rules: Vec<Rule>,
    /// The contracts under the charter.
    pub contracts: Contracts,
}

/// What the charter executes.
#[cw_serde]
pub enum ExecuteMsg {
    /// By the authority: name a successor, who must accept.
    ProposeAuthority {
        /// The successor.
        authority: String,
    },
    /// By the named successor.
    AcceptAuthority {},
    /// By the authority: propose another pact; acknowledgements begin anew.
    ProposePact {
        /// Hash of its text.
        pact: Hash32,
    },
    /// By an active node, once: acknowledge the proposed pact.
    Acknowledge {
        /// The hash acknowledged; must be the proposed one.
        pact: Hash32,
    },
    /// By anyone, once 75 % of the active nodes have acknowledged.
    AdoptPact {},
    /// By the authority: replace the rules.
    SetRules {
        /// The new rules.
        rules: Vec<Rule>,
    },
    /// By the authority: stop everything but exits (unbonding, claims of rewards, withdrawals). A contract that
    /// fails to pause does not keep the others from pausing; it is named by an event, and the message may be
    /// repeated.
    Pause {},
    /// By the authority: go on. Contracts that fail are treated as by [`ExecuteMsg::Pause`].
    Resume {},
    /// By the authority: act on a contract.
    Act {
        /// What to do.
        action: Action,
    },
}

/// What the charter answers.
#[cw_serde]
#[derive(QueryResponses)]
pub enum QueryMsg {
    /// Authority, pact, pause, contracts.
    #[returns(CharterResponse)]
    Charter {},
    /// The rules.
    #[returns(RulesResponse)]
    Rules {},
    /// Whether the rules allow an action.
    #[returns(ValidateActionResponse)]
    ValidateAction {
        /// The action.
        action: String,
        /// Its parameters.
        params: Vec<ActionParam>,
    },
    /// Whether a node acknowledged the proposed pact.
    #[returns(AcknowledgedResponse)]
    Acknowledged {
        /// The node.
        node: String,
    },
}

/// Answer to [`QueryMsg::Charter`].
#[cw_serde]
pub struct CharterResponse {
    /// The authority.
    pub authority: String,
    /// The successor that has not accepted yet.
    pub proposed_authority: Option<String>,
    /// Hash of the pact in force.
    pub pact: Hash32,
    /// Hash of the proposed pact.
    pub proposed_pact: Option<Hash32>,
    /// Acknowledgements of the proposed pact so far.
    pub acknowledged: u64,
    /// Whether the network is paused.
    pub paused: bool,
    /// The contracts.
    pub contracts: Contracts,
}

/// Answer to [`QueryMsg::Rules`].
#[cw_serde]
pub struct RulesResponse {
    /// The rules.
    pub rules: Vec<Rule>,
}

/// Answer to [`QueryMsg::ValidateAction`].
#[cw_serde]
pub struct ValidateActionResponse {
    /// Whether it is allowed.
    pub allowed: bool,
    /// Why not.
    pub reason: Option<String>,
}

/// Answer to [`QueryMsg::Acknowledged`].
#[cw_serde]
pub struct AcknowledgedResponse {
    /// Whether it did.
    pub acknowledged: bool,
}
