//! How a proposal ends, and where its deposit goes.

use cosmwasm_std::{BankMsg, Coin, CosmosMsg, Response, StdResult, Storage, coins};
use lyceum_api::datasets::{Event, Status, Tier};
use lyceum_api::{DENOM, credits, rewards};
use lyceum_economy::dataset::AuditFailure;

use crate::error::ContractError;
use crate::state::{Config, DATASETS, Dataset, MANIFESTS, SHARDS};

/// Why a dataset is rejected. The codes are stable: clients compare them.
#[derive(Clone, Copy)]
pub(super) enum Reason {
    Audit(AuditFailure),
    AuditQuorum,
    VoteRefused,
    VoteQuorum,
}

impl From<AuditFailure> for Reason {
    fn from(failure: AuditFailure) -> Self {
        Self::Audit(failure)
    }
}

impl Reason {
    const fn code(self) -> &'static str {
        match self {
            Self::Audit(AuditFailure::Licence) => "audit_licence",
            Self::Audit(AuditFailure::Pii) => "audit_pii",
            Self::Audit(AuditFailure::Toxicity) => "audit_toxicity",
            Self::Audit(AuditFailure::Duplicates) => "audit_duplicates",
            Self::AuditQuorum => "audit_quorum",
            Self::VoteRefused => "vote_refused",
            Self::VoteQuorum => "vote_quorum",
        }
    }

    /// Others stayed away: not the proposer's fault.
    const fn returns_deposit(self) -> bool {
        matches!(self, Self::AuditQuorum | Self::VoteQuorum)
    }
}

fn deposit(dataset: &Dataset) -> Vec<Coin> {
    coins(dataset.deposit.u128(), DENOM)
}

fn returned(dataset: &Dataset) -> CosmosMsg {
    BankMsg::Send { to_address: dataset.proposer.to_string(), amount: deposit(dataset) }.into()
}

/// If `rewards` refused, the dataset would stay as it is; it takes deposits even while paused.
fn forfeited(config: &Config, dataset: &Dataset) -> StdResult<CosmosMsg> {
    rewards::Client::new(config.rewards.clone()).deposit(vec![], deposit(dataset))
}

/// Rejects, lets its shards go, and moves the deposit to the proposer or to the treasury.
pub(super) fn reject(
    storage: &mut dyn Storage,
    config: &Config,
    id: u64,
    mut dataset: Dataset,
    reason: Reason,
) -> Result<Response, ContractError> {
    for shard in MANIFESTS.load(storage, id)?.shards {
        SHARDS.remove(storage, shard.root.0);
    }
    dataset.status = Status::Rejected { reason: reason.code().to_owned() };
    DATASETS.save(storage, id, &dataset)?;
    let returns = reason.returns_deposit();
    let transfer = if returns { returned(&dataset) } else { forfeited(config, &dataset)? };
    let event = Event::Rejected { dataset: id, reason: reason.code().to_owned(), returned: returns };
    Ok(Response::new().add_message(transfer).add_event(event))
}

/// Gives a tier and the deposit back; gold earns credits. If `credits` refuses (it is paused), the vote stays to
/// be closed later.
pub(super) fn approve(
    storage: &mut dyn Storage,
    config: &Config,
    id: u64,
    mut dataset: Dataset,
    tier: Tier,
) -> Result<Response, ContractError> {
    dataset.status = Status::Approved { tier };
    DATASETS.save(storage, id, &dataset)?;
    let mut response = Response::new().add_message(returned(&dataset));
    if tier == Tier::Gold {
        let account = dataset.proposer.to_string();
        let award = credits::Award { account, reason: credits::Reason::GoldDataset {}, subject: id };
        response = response.add_message(credits::Client::new(config.credits.clone()).award(vec![award])?);
    }
    Ok(response.add_event(Event::Approved { dataset: id, tier }))
}
