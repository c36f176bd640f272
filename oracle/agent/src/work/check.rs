//! Whether a claim is what it says, before anything is re-executed: manifest, roots, batches, recipe, both ends of
//! the chain of states. A fault is the trainer's and speaks against the claim; an error is ours and does not.

use lyceum_api::canonical::Canonical;
use lyceum_api::claim::ClaimContent;
use lyceum_api::manifest::{Manifest, salted_state, state_root};
use lyceum_api::tasks::PanelResponse;
use lyceum_learn::{BatchPlan, State, block};
use lyceum_onchain::merkle;

use super::{JobContext, Run};
use crate::action::Subject;
use crate::{AgentError, Hash32, Result};

/// The longest manifest: 4096 intervals take about 300 KiB.
const MAX_MANIFEST: u64 = 1 << 20;

/// What a check came to.
pub(super) type Checked = std::result::Result<(), String>;

fn must(holds: bool, fault: &str) -> Checked {
    if holds { Ok(()) } else { Err(fault.to_owned()) }
}

/// The manifest against the chain: fields, root of the states, shards read and the hash of every batch.
pub(super) fn manifest(subject: &Subject, content: &ClaimContent, run: &Run, manifest: &Manifest) -> Checked {
    let (claim, task, spec) = (&subject.claim, &subject.task, &run.spec);
    must(manifest.task == claim.task, "the manifest is of another task")?;
    must(manifest.trainer == claim.trainer.as_str(), "the manifest is of another trainer")?;
    must(manifest.target == spec.target, "the manifest names another target")?;
    must(manifest.base == task.base && manifest.parent == task.parent_root, "another base or parent")?;
    must(manifest.seed == spec.seed, "the manifest has another seed")?;
    must(manifest.recipe == claim.recipe, "the manifest has another recipe")?;
    must(manifest.steps_per_interval == spec.steps_per_interval, "the manifest has another S")?;
    must(manifest.batches.len() as u64 == u64::from(spec.intervals), "the manifest has another n")?;
    must(manifest.block == content.block, "the manifest has another block")?;
    let leaves: Vec<[u8; 32]> = manifest.states.iter().map(|s| s.0).collect();
    must(merkle::root(&leaves) == content.states.0, "the states are not those under the claimed root")?;
    let plan = BatchPlan::new(&spec.seed, &spec.recipe, &run.shards, spec.rows, spec.context);
    let plan = plan.map_err(|e| e.to_string())?;
    must(manifest.shards == plan.uses(spec.steps()), "the shards read are not those of seed and recipe")?;
    let batches = (0..).zip(&manifest.batches);
    for (j, batch) in batches {
        if plan.interval_hash(j, spec.steps_per_interval) != *batch {
            return Err(format!("interval {j} names other batches than seed and recipe give"));
        }
    }
    Ok(())
}

/// Fetches and reads the manifest of a claim. Bytes that are no manifest are a fault.
pub(super) fn read_manifest(
    ctx: &JobContext,
    content: &ClaimContent,
    run: &Run,
) -> Result<std::result::Result<Manifest, String>> {
    let bytes = match ctx.fetch_of(&run.trainer, "manifest", &content.manifest, MAX_MANIFEST) {
        Err(e @ AgentError::TooLarge { .. }) => return Ok(Err(e.to_string())),
        other => other?,
    };
    Ok(Manifest::from_bytes(&bytes).map_err(|e| format!("the manifest does not read: {e}")))
}

/// The ends of the chain: r₀ is the parent with an empty optimizer, rₙ's weights are the block's.
pub(super) fn ends(
    ctx: &JobContext,
    content: &ClaimContent,
    run: &Run,
    panel: &PanelResponse,
    last: &State,
) -> Result<Checked> {
    let first = State::initial(&run.parent.export(run.spec.target)?);
    let tensors = Hash32::of(&first.to_block()?);
    let served = panel.served.iter().find(|s| s.state == 0);
    let served = served.ok_or(AgentError::Unknown { what: "a served first state of panel", id: panel.id })?;
    if served.tensors != tensors {
        return Ok(Err("the first state is not the parent's with an empty optimizer".to_owned()));
    }
    let bytes = match ctx.claimed_block(run.parent.config(), run.spec.target, content, &run.trainer) {
        Err(e @ AgentError::TooLarge { .. }) => return Ok(Err(e.to_string())),
        other => other?,
    };
    if bytes.len() as u64 != content.block_bytes {
        return Ok(Err(format!("the block has {} bytes, claimed were {}", bytes.len(), content.block_bytes)));
    }
    let tensors = match block::read(&bytes) {
        Ok(tensors) => tensors,
        Err(e) => return Ok(Err(format!("the block does not read: {e}"))),
    };
    if let Err(e) = tensors.check(&run.parent.config().trained_tensors(run.spec.target)?) {
        return Ok(Err(format!("the block is not of this target: {e}")));
    }
    let same = tensors.flat().iter().map(|v| v.to_bits()).eq(last.w.flat().iter().map(|v| v.to_bits()));
    Ok(must(same, "the last state's weights are not the block's"))
}

/// A served state against the manifest's list: the contract proved it under the claim's root already; this holds it
/// against the manifest that was read.
pub(super) fn served(run: &Run, manifest: &Manifest, panel: &PanelResponse) -> Checked {
    for state in &panel.served {
        let step = u64::from(state.state) * u64::from(run.spec.steps_per_interval);
        let root = salted_state(&state.salt, &state_root(step, &run.spec.seed, &state.tensors));
        must(
            manifest.states.get(state.state as usize) == Some(&root),
            "a served state is not the manifest's",
        )?;
    }
    Ok(())
}
