//! Having all domains checked before a learning block seals.
use lyceum_api::tasks::{PanelKind, PanelStatus};
use lyceum_economy::learning_block::threshold_now;
use lyceum_economy::params::BLOCK_SECONDS;

use super::panels::{self, Plan};
use crate::ctx::Ctx;
use crate::error::{ContractError, Refused};
use crate::rounds;
use crate::state::{OPEN_BLOCK, OpenBlock, Panel};

/// Time since the last seal in units in which a learning block aims at [`BLOCK_SECONDS`], as the economy counts.
pub fn elapsed(ctx: &Ctx<'_>, block: &OpenBlock) -> u64 {
    let seconds = ctx.now().seconds().saturating_sub(block.last_seal.seconds());
    // At most a few 10⁹ seconds, times 600.
    seconds.saturating_mul(BLOCK_SECONDS) / ctx.params.learning_block_seconds
}

/// Creates the panel, if the threshold of now is reached.
pub fn check(ctx: &mut Ctx<'_>) -> Result<(), Refused> {
    let mut block = OPEN_BLOCK.load(ctx.deps.storage)?;
    let required = threshold_now(block.threshold, elapsed(ctx, &block));
    if block.claims == 0 || block.weighted_gain < required {
        let (number, found) = (block.number, block.weighted_gain);
        return Err(ContractError::BelowThreshold { number, required, found }.into());
    }
    ctx.not_before(block.check_after)?;
    if let Some(panel) = block.panel {
        let mut panel = ctx.panel(panel)?;
        if !is_stuck(ctx, &panel) {
            return Err(ContractError::HeadsUnderCheck { panel: panel.id }.into());
        }
        panels::close(ctx, &mut panel, "overtaken")?;
    }
    let epoch = ctx.config.nodes().epoch(&ctx.deps.querier)?;
    let from = ctx.now().plus_seconds(ctx.params.draw_delay_seconds);
    block.panel = Some(panels::create(ctx, None, Plan::new(PanelKind::Heads {}), epoch, from, None)?);
    OPEN_BLOCK.save(ctx.storage(), &block)?;
    Ok(())
}

/// A panel that could not be drawn for long: evaluators who came since count in a new one.
fn is_stuck(ctx: &Ctx<'_>, panel: &Panel) -> bool {
    let patience = ctx.params.learning_block_seconds;
    let drawable = ctx.clock.open_from(rounds::time(&ctx.config.beacon, panel.round));
    panel.status == (PanelStatus::Pending {}) && ctx.clock.chain() >= drawable.plus_seconds(patience)
}
