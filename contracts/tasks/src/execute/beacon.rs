//! Posting beacon rounds.
use cosmwasm_std::Binary;
use lyceum_api::tasks::Event;
use lyceum_onchain::beacon;

use crate::ctx::Ctx;
use crate::error::{ContractError, Refused};
use crate::rounds::{self, POSTED, WANTED};

/// Stores the signature of a round whose time has come. On a localnet someone holds the key: a round of the
/// future is refused, or he could show one before what it decides is fixed.
pub fn post(ctx: &mut Ctx<'_>, round: u64, signature: &Binary) -> Result<(), Refused> {
    if POSTED.has(ctx.deps.storage, round) {
        return Err(ContractError::RoundPosted { round }.into());
    }
    let time = rounds::time(&ctx.config.beacon, round);
    if round == 0 || time > ctx.clock.chain() {
        let (time, now) = (time.seconds(), ctx.clock.chain().seconds());
        return Err(ContractError::FutureRound { round, time, now }.into());
    }
    if !beacon::verify(ctx.deps.api, &ctx.config.beacon.public_key, round, signature)? {
        return Err(ContractError::BadSignature { round }.into());
    }
    POSTED.save(ctx.storage(), round, signature)?;
    WANTED.remove(ctx.storage(), round);
    ctx.emit(Event::BeaconPosted { round });
    Ok(())
}
