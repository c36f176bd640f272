//! Revealing a claim: its block is recorded, and its panel waits for a round after the reveal window.
use cosmwasm_std::{DepsMut, Reply, Response, StdError, SubMsg};
use lyceum_api::canonical::{Canonical, commitment};
use lyceum_api::claim::{CLAIM_COMMIT, ClaimContent};
use lyceum_api::experts::{Encoding, NewBlock};
use lyceum_api::tasks::{ClaimStatus, Event, PanelKind};

use super::commit::ensure_status;
use super::panels::{self, Plan};
use super::take::ensure_open;
use super::{ensure_range, ensure_salt};
use crate::ctx::Ctx;
use crate::error::{ContractError, Refused};
use crate::state::CLAIMS;

/// The largest block, 1 TiB.
const MAX_BLOCK_BYTES: u64 = 1 << 40;
/// Marks the reply of `experts` to `AddBlock`; the payload is the claim's id.
const BLOCK_RECORDED: u64 = 1;

pub fn reveal(ctx: &mut Ctx<'_>, id: u64, content: ClaimContent, salt: &[u8]) -> Result<(), Refused> {
    let mut claim = ctx.claim(id)?;
    ctx.only(&claim.trainer)?;
    ensure_status(&claim, "committed", claim.status == ClaimStatus::Committed {})?;
    let task = ctx.task(claim.task)?;
    ensure_open(&task)?;
    ctx.not_before(task.commit_until)?;
    ctx.before(task.reveal_until)?;
    ensure_salt(salt)?;
    let (chain, contract) = (&ctx.env.block.chain_id, ctx.env.contract.address.as_str());
    let sender = claim.trainer.as_str();
    let expected = commitment(CLAIM_COMMIT, chain, contract, claim.task, sender, &content.hash(), salt);
    if claim.commit != Some(expected) {
        return Err(ContractError::WrongCommitment.into());
    }
    ensure_range("the block's bytes", content.block_bytes, 1, MAX_BLOCK_BYTES)?;

    // If the block is refused, so is the reveal: there would be nothing to judge.
    let block = NewBlock {
        model: task.model,
        target: task.spec.target,
        parents: task.parent.into_iter().collect(),
        root: content.block,
        bytes: content.block_bytes,
        encoding: Encoding::Base,
        author: claim.trainer.to_string(),
        claim: id,
    };
    let add = SubMsg::reply_on_success(ctx.config.experts().add_block(block)?, BLOCK_RECORDED);
    ctx.out.send(add.with_payload(id.to_be_bytes()));

    ctx.emit(Event::ClaimRevealed { claim: id, task: claim.task, root: content.block });
    claim.content = Some(content);
    claim.status = ClaimStatus::Revealed {};
    let from = task.reveal_until.plus_seconds(ctx.params.draw_delay_seconds);
    panels::create_for(ctx, &mut claim, Plan::new(PanelKind::Claim {}), from)?;
    ctx.save_claim(&claim)
}

/// Takes the id of the block that `experts` recorded.
pub fn block_recorded(deps: DepsMut<'_>, msg: Reply) -> Result<Response, Refused> {
    let malformed = || StdError::msg("experts answered AddBlock with something else than a block's id");
    let claim = msg.payload.as_slice().try_into().map(u64::from_be_bytes).map_err(|_| malformed())?;
    if msg.id != BLOCK_RECORDED {
        return Err(malformed().into());
    }
    let answer = msg.result.into_result().map_err(StdError::msg)?;
    // Chains since CosmWasm 2 give the answer in msg_responses.
    let first = answer.msg_responses.into_iter().next().ok_or_else(malformed)?;
    // MsgExecuteContractResponse: field 1 of so many bytes, and no other field.
    let [0x0a, 8, id @ ..] = first.value.as_slice() else { return Err(malformed().into()) };
    let block = id.try_into().map(u64::from_be_bytes).map_err(|_| malformed())?;
    CLAIMS.update(deps.storage, claim, |stored| {
        let mut stored = stored.ok_or(ContractError::NotFound { what: "claim", id: claim })?;
        stored.block = Some(block);
        Ok::<_, Refused>(stored)
    })?;
    Ok(Response::new().add_event(Event::BlockRecorded { claim, block }))
}
