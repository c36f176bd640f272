//! Serving: the states a panel asks for, done again where they were not kept, and the sketches of an opening.

use std::collections::{BTreeMap, BTreeSet};

use lyceum_api::attestation::{OpenedState, Opening, StateSketch, sketch_key};
use lyceum_api::manifest::salted_state;
use lyceum_api::tasks::{self, PanelResponse, ServedState};
use lyceum_learn::State;
use lyceum_learn::sketch::state_sketch;
use lyceum_learn::state::{root_of_block, salt};
use lyceum_onchain::merkle;
use lyceum_tensorblock::tile;

use super::{JobContext, Run};
use crate::action::Subject;
use crate::work_strategy::WorkStrategy;
use crate::{AgentError, Done, Hash32, Result, Trained};

/// The key of a drawn panel's sketches.
pub(crate) fn key_of(panel: &PanelResponse) -> Result<Hash32> {
    let unknown = AgentError::Unknown { what: "the randomness of panel", id: panel.id };
    Ok(sketch_key(panel.id, &panel.randomness.ok_or(unknown)?))
}

/// Goes through states of a run ascending, from kept ones on, and gives each to `see`; checks that they are the
/// ones that were committed to. Gives the steps done again.
pub fn derive(
    ctx: &JobContext,
    strategy: &(impl WorkStrategy + ?Sized),
    run: &Run,
    trained: &Trained,
    wanted: &BTreeSet<u32>,
    mut see: impl FnMut(u32, &State, &[u8]) -> Result<()>,
) -> Result<u64> {
    let kept: BTreeMap<u32, Hash32> = trained.kept.iter().copied().collect();
    let per = u64::from(run.spec.steps_per_interval);
    let mut steps = 0;
    let mut at: Option<(u32, State)> = None;
    for j in wanted {
        ctx.alive()?;
        let nearest = kept.range(..=*j).next_back();
        let ahead = at.as_ref().is_some_and(|(i, _)| nearest.is_none_or(|(k, _)| k < i));
        let (from, state) = match (at.take(), nearest) {
            (Some((i, state)), _) if ahead => (i, state),
            (_, Some((k, root))) => (*k, ctx.state(run, *k, root)?),
            _ => return Err(AgentError::Unknown { what: "a kept state before state", id: u64::from(*j) }),
        };
        let state = if from == *j { state } else { strategy.advance_to(run, state, *j)? };
        steps += u64::from(*j - from) * per;
        let bytes = state.to_block()?;
        let found = root_of_block(state.step, &run.spec.seed, &bytes);
        let committed = trained.roots.get(*j as usize).copied();
        let expected = committed.ok_or(AgentError::Unknown { what: "state", id: u64::from(*j) })?;
        if found != expected {
            return Err(AgentError::Diverged { state: *j, expected, found });
        }
        see(*j, &state, &bytes)?;
        at = Some((*j, state));
    }
    Ok(steps)
}

/// What a trainer sends and later opens for a panel; beside it the steps done again.
pub fn serve(
    ctx: &JobContext,
    strategy: &(impl WorkStrategy + ?Sized),
    subject: &Subject,
    trained: &Trained,
    panel: &PanelResponse,
) -> Result<(Vec<ServedState>, Opening, u64)> {
    let run = ctx.run(subject)?;
    let (kind, intervals, drawn) = (panel.kind, run.spec.intervals, tasks::drawn(panel));
    let set = |states: Vec<u32>| states.into_iter().collect::<BTreeSet<u32>>();
    let served = set(tasks::served_states(kind, intervals, &drawn));
    let opened = set(tasks::opened_states(kind, intervals, &drawn));
    let (key, secret) = (key_of(panel)?, ctx.me.salt("states", subject.claim.id));
    let leaves: Vec<[u8; 32]> =
        (0..).zip(&trained.roots).map(|(j, root)| salted_state(&salt(&secret, j), root).0).collect();
    let ends = set(tasks::proven_ends(kind, &drawn));
    let wanted: BTreeSet<u32> = served.union(&opened).copied().collect();
    let (mut states, mut proven, mut sketches) = (Vec::new(), Vec::new(), Vec::new());
    let prove = |state: u32, tensors: Hash32| {
        let proof = merkle::prove(&leaves, state).unwrap_or_default().into_iter().map(Hash32).collect();
        ServedState { state, salt: salt(&secret, state), tensors, proof }
    };
    let steps = derive(ctx, strategy, &run, trained, &wanted, |j, state, bytes| {
        if served.contains(&j) {
            states.push(prove(j, ctx.keep(bytes)?));
        }
        if ends.contains(&j) {
            proven.push(prove(j, Hash32::of(bytes)));
        }
        if opened.contains(&j) {
            sketches.push(OpenedState { state: j, sketch: StateSketch::new(&state_sketch(&key, state)?) });
        }
        Ok(())
    })?;
    Ok((states, Opening { states: sketches, ends: proven }, steps))
}

/// The sketches of the states strictly within a span.
pub fn span(
    ctx: &JobContext,
    strategy: &(impl WorkStrategy + ?Sized),
    subject: &Subject,
    trained: &Trained,
    opened: &PanelResponse,
    from: u32,
    to: u32,
) -> Result<Vec<OpenedState>> {
    let (run, key) = (ctx.run(subject)?, key_of(opened)?);
    let wanted: BTreeSet<u32> = (from.saturating_add(1)..to.min(run.spec.intervals)).collect();
    let mut states = Vec::new();
    derive(ctx, strategy, &run, trained, &wanted, |j, state, _| {
        states.push(OpenedState { state: j, sketch: StateSketch::new(&state_sketch(&key, state)?) });
        Ok(())
    })?;
    Ok(states)
}

/// A tile of a state with its proof; beyond the end, the last.
pub(super) fn tile(ctx: &JobContext, root: &Hash32, index: u64) -> Result<Done> {
    let blob = ctx.store.get(root.as_bytes())?;
    let size = blob.len() as u64;
    let index = index.min(tile::tile_count(size).saturating_sub(1));
    let io = |e: tile::TileError| AgentError::Worker(e.to_string());
    let proof = tile::prove(&blob, index).map_err(io)?;
    let range = tile::tile_range(size, index).map_err(io)?;
    // A tile lies within a blob that is in memory, so its bounds fit a usize.
    let data = blob[range.start as usize..range.end as usize].to_vec();
    Ok(Done::Tile { size, data, proof: proof.siblings.into_iter().map(Hash32).collect() })
}
