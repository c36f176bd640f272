//! Which shards a final block used, and what their contributors weigh for it.

use std::collections::BTreeMap;

use cosmwasm_std::{Addr, DepsMut, Empty, Response, Storage, Uint128};
use lyceum_api::datasets::{Event, Status, Tier, Use};
use lyceum_api::rewards::{self, Accrual, Pool};
use lyceum_economy::gain::data_weight;

use crate::bounds;
use crate::error::ContractError;
use crate::state::{Config, Dataset, SHARDS, USED};

/// A shard counts once per model and epoch, with at most its own bytes: reading it twice teaches nothing new. If
/// `rewards` refuses the weights, so does this, and the block waits to become final.
pub(crate) fn record_use(
    deps: DepsMut<'_>,
    config: &Config,
    learning_block: u64,
    model: u64,
    epoch: u64,
    improvement: i64,
    uses: &[Use],
) -> Result<Response, ContractError> {
    bounds::entries("uses", uses.len())?;
    let gain = u64::try_from(improvement).unwrap_or_default(); // below zero nothing is earned
    let mut read = BTreeMap::new();
    let mut weights = BTreeMap::<Addr, Uint128>::new();
    let (mut first, mut again) = (0, 0);
    for used in uses {
        let (id, shard) = (used.dataset, used.shard);
        let refusal = || ContractError::NotApproved { dataset: id, shard };
        let held = SHARDS.may_load(deps.storage, shard.0)?.filter(|held| held.dataset == id);
        let bytes = held.ok_or_else(refusal)?.bytes.min(used.bytes);
        if let std::collections::btree_map::Entry::Vacant(entry) = read.entry(id) {
            entry.insert(approved(deps.storage, id)?.ok_or_else(refusal)?);
        }
        let (proposer, tier) = &read[&id]; // just inserted
        // Nothing read is no use: it must not spend the shard for those who read it.
        if bytes == 0 {
            continue;
        }
        let key = (model, epoch, shard.0);
        if USED.has(deps.storage, key) {
            again += 1;
            continue;
        }
        USED.save(deps.storage, key, &Empty {})?;
        first += 1;
        let sum = weights.entry(proposer.clone()).or_default();
        *sum = sum
            .checked_add(data_weight(bytes, (*tier).into(), gain)?)
            .map_err(|_| ContractError::Overflow { what: "a contributor's weight" })?;
    }
    let accruals: Vec<_> = weights
        .into_iter()
        .filter(|(_, weight)| !weight.is_zero())
        .map(|(account, weight)| Accrual { pool: Pool::Data, account: account.into(), weight })
        .collect();
    let response = Response::new().add_event(Event::UseRecorded { model, epoch, first, again });
    if accruals.is_empty() {
        return Ok(response);
    }
    let rewards = rewards::Client::new(config.rewards.clone());
    Ok(response.add_message(rewards.accrue(learning_block, accruals)?))
}

/// The contributor and tier of an approved dataset.
fn approved(storage: &dyn Storage, id: u64) -> Result<Option<(Addr, Tier)>, ContractError> {
    let dataset = Dataset::load(storage, id)?;
    Ok(match dataset.status {
        Status::Approved { tier } => Some((dataset.proposer, tier)),
        _ => None,
    })
}
