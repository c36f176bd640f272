//! Attesting: what an honest seat of a panel sees and measures.

use lyceum_api::attestation::{
    Attestation, DomainScore, IntervalSeen, ItemSketch, Scored, StateSketch, synthetic_seed,
};
use lyceum_api::canonical::Canonical;
use lyceum_api::experts::ModelResponse;
use lyceum_api::tasks::{DomainResponse, PanelKind, PanelResponse};
use lyceum_learn::items::Items;
use lyceum_learn::sketch::{distance, item_sketch, state_sketch};
use lyceum_learn::{Model, State, Target, block, gain, reexecute, score, seal};

use super::material::MAX_TEXT;
use super::scoring::{public_score, synthetic_items};
use super::serve::key_of;
use super::{JobContext, Run, check};
use crate::action::Subject;
use crate::{AgentError, Hash32, Result};

/// What a seat comes to.
#[derive(Debug, Clone, PartialEq)]
pub enum Attested {
    /// An answer.
    Answer {
        /// The answer.
        attestation: Attestation,
        /// Why the claim is unsound, if it is.
        fault: Option<String>,
        /// Steps re-executed.
        steps: u64,
    },
    /// A served state cannot be had.
    Missing {
        /// The state.
        state: u32,
        /// A tile to ask for.
        tile: u64,
    },
}

/// A claim that was found false after `steps` re-executed steps: finding a forgery is work like any other.
fn unsound(fault: String, steps: u64) -> Attested {
    let attestation = Attestation { sound: false, intervals: vec![], scored: None, heads: vec![] };
    Attested::Answer { attestation, fault: Some(fault), steps }
}

/// The honest answer of this node's seat.
pub fn attest(
    ctx: &JobContext,
    subject: &Subject,
    panel: &PanelResponse,
    second: Option<&PanelResponse>,
    guards: &[DomainResponse],
) -> Result<Attested> {
    let unknown = |what| AgentError::Unknown { what, id: panel.id };
    let content = subject.claim.content.as_ref().ok_or(unknown("the content of panel"))?;
    let seat = panel.seats.iter().find(|s| s.node == ctx.me.account).ok_or(unknown("a seat in panel"))?;
    let run = ctx.run(subject)?;
    let mut seen = Vec::new();
    let mut steps = 0;
    if panel.kind != (PanelKind::Score {}) {
        // Asked for together, so that one attempt brings as much as can be had; what fails is told below, by name.
        let _ = check::read_manifest(ctx, content, &run);
        let _ = ctx.claimed_block(run.parent.config(), run.spec.target, content, &run.trainer);
        let wanted = |j: u32| {
            seat.intervals.contains(&j)
                || j == run.spec.intervals
                || matches!(panel.kind, PanelKind::Interval { .. })
        };
        for served in panel.served.iter().filter(|s| wanted(s.state)) {
            let _ = ctx.state(&run, served.state, &served.tensors);
        }
        let manifest = match check::read_manifest(ctx, content, &run)? {
            Ok(manifest) => manifest,
            Err(fault) => return Ok(unsound(fault, steps)),
        };
        let fault = check::manifest(subject, content, &run, &manifest)
            .and_then(|()| check::served(&run, &manifest, panel));
        if let Err(fault) = fault {
            return Ok(unsound(fault, steps));
        }
        // In order of state, so that a seat asks for the first that is missing.
        let mut states = Vec::new();
        for served in panel.served.iter().filter(|s| wanted(s.state)) {
            match ctx.state(&run, served.state, &served.tensors) {
                Ok(state) => states.push((served.state, state)),
                Err(AgentError::Unavailable { .. }) => {
                    return Ok(Attested::Missing { state: served.state, tile: 0 });
                }
                // Bytes under a root that the trainer named, and no state of this target: its fault.
                Err(e @ (AgentError::Learn(_) | AgentError::TooLarge { .. })) => {
                    return Ok(unsound(format!("state {} does not read: {e}", served.state), steps));
                }
                Err(e) => return Err(e),
            }
        }
        let find = |j: u32| states.iter().find(|(i, _)| *i == j).map(|(_, s)| s);
        if panel.kind == (PanelKind::Claim {}) {
            let last = find(run.spec.intervals).ok_or(unknown("a served last state of panel"))?;
            if let Err(fault) = check::ends(ctx, content, &run, panel, last)? {
                return Ok(unsound(fault, steps));
            }
        }
        for j in &seat.intervals {
            ctx.alive()?;
            let start = find(*j).ok_or(unknown("a served start state of panel"))?;
            let end = reexecute(&run.parent, &run.spec, &run.shards, start, *j)?;
            steps += u64::from(run.spec.steps_per_interval);
            let end_root = Hash32::of(&end.to_block()?);
            for panel in [Some(panel), second].into_iter().flatten() {
                seen.push(interval_seen(&key_of(panel)?, *j, start, &end, end_root)?);
            }
            // Only a dispute's panel is shown the end that was committed to before the draw.
            if matches!(panel.kind, PanelKind::Interval { .. }) {
                let committed = find(*j + 1).ok_or(unknown("a served end state of panel"))?;
                let bound = subject.domain.domain.bound_ppm as f64 / 1e6;
                let apart = distance(start, committed, &end).max();
                if apart > bound {
                    let fault = format!("interval {j} leads {apart:.3} away from the state after it");
                    return Ok(unsound(fault, steps));
                }
            }
        }
    }
    let scored = match panel.kind {
        PanelKind::Interval { .. } | PanelKind::Heads {} => None,
        PanelKind::Claim {} | PanelKind::Score {} => match scored(ctx, subject, panel, &run, guards)? {
            Ok(scored) => Some(scored),
            Err(fault) => return Ok(unsound(fault, steps)),
        },
    };
    let attestation = Attestation { sound: true, intervals: seen, scored, heads: vec![] };
    Ok(Attested::Answer { attestation, fault: None, steps })
}

fn interval_seen(
    key: &Hash32,
    interval: u32,
    start: &State,
    end: &State,
    end_root: Hash32,
) -> Result<IntervalSeen> {
    Ok(IntervalSeen {
        interval,
        start: StateSketch::new(&state_sketch(key, start)?),
        end: StateSketch::new(&state_sketch(key, end)?),
        end_root,
    })
}

/// The reference: the heads of the panel's draw. The child: the same with the claim's block in its place.
fn pair(
    ctx: &JobContext,
    subject: &Subject,
    panel: &PanelResponse,
) -> Result<std::result::Result<[Model; 2], String>> {
    let unknown = AgentError::Unknown { what: "the content of panel", id: panel.id };
    let content = subject.claim.content.as_ref().ok_or(unknown)?;
    let target = subject.task.task.target;
    let mut reference = ctx.model(&subject.model, &panel.heads)?;
    if subject.task.parent.is_some() && !matches!(target, Target::Expert { .. }) {
        ctx.place(&mut reference, target, &subject.task.parent_root)?;
    }
    let bytes = match ctx.claimed_block(reference.config(), target, content, &subject.claim.trainer) {
        Err(e @ AgentError::TooLarge { .. }) => return Ok(Err(e.to_string())),
        other => other?,
    };
    let mut child = reference.copy();
    let placed = block::read(&bytes).and_then(|tensors| child.import(target, &tensors));
    Ok(placed.map(|()| [reference, child]).map_err(|e| format!("the block is of no use: {e}")))
}

fn scored(
    ctx: &JobContext,
    subject: &Subject,
    panel: &PanelResponse,
    run: &Run,
    guards: &[DomainResponse],
) -> Result<std::result::Result<Scored, String>> {
    let [reference, child] = match pair(ctx, subject, panel)? {
        Ok(pair) => pair,
        Err(fault) => return Ok(Err(fault)),
    };
    let (domain, sequence) = (&subject.domain.domain, subject.domain.domain.sequence);
    let unsealed = benchmark(ctx, subject)?;
    let (before, after) = (score(&reference, &unsealed)?, score(&child, &unsealed)?);
    ctx.alive()?;
    let unknown = AgentError::Unknown { what: "the randomness of panel", id: panel.id };
    let randomness = panel.randomness.ok_or(unknown)?;
    let held_out = ctx.fetch("held-out text", &domain.held_out, MAX_TEXT)?;
    let seed = synthetic_seed(subject.claim.id, ctx.me.account.as_str(), &randomness);
    let own = synthetic_items(&held_out, sequence, &seed)?;
    debug_assert_eq!(run.spec.context, sequence as usize);
    Ok(Ok(Scored {
        reference: before.mean,
        child: after.mean,
        gain: gain(&before, &after)?,
        synthetic_gain: gain(&score(&reference, &own)?, &score(&child, &own)?)?,
        items: ItemSketch::new(&item_sketch(&key_of(panel)?, &after.items)?),
        guards: public_scores(ctx, &child, guards)?,
    }))
}

/// The unsealed items of a task. That they do not read is the opener's fault, and nobody's answer.
fn benchmark(ctx: &JobContext, subject: &Subject) -> Result<Items> {
    let (benchmark, task) = (&subject.task.task.benchmark, subject.task.id);
    let key = subject.task.key.ok_or(AgentError::Unknown { what: "the key of task", id: task })?;
    let sealed = ctx.fetch("benchmark", &benchmark.root, benchmark.bytes.min(MAX_TEXT))?;
    let text = seal::unseal(&sealed, &key)?;
    Items::from_bytes(&text).map_err(|source| AgentError::Decode { what: "benchmark", source })
}

fn public_scores(ctx: &JobContext, model: &Model, domains: &[DomainResponse]) -> Result<Vec<DomainScore>> {
    domains
        .iter()
        .map(|d| {
            let held_out = ctx.fetch("held-out text", &d.domain.held_out, MAX_TEXT)?;
            let score = public_score(model, &held_out, d.domain.sequence)?;
            Ok(DomainScore { domain: d.id, score })
        })
        .collect()
}

/// The honest answer of a seat of a heads panel: every domain with the heads of the draw.
pub fn heads(
    ctx: &JobContext,
    panel: &PanelResponse,
    domains: &[(DomainResponse, ModelResponse)],
) -> Result<Attestation> {
    let mut heads = Vec::new();
    let mut model: Option<(u64, Model)> = None;
    for (domain, of) in domains {
        if model.as_ref().is_none_or(|(id, _)| *id != of.id) {
            model = Some((of.id, ctx.model(of, &panel.heads)?));
        }
        if let Some((_, model)) = &model {
            heads.append(&mut public_scores(ctx, model, std::slice::from_ref(domain))?);
        }
    }
    Ok(Attestation { sound: true, intervals: vec![], scored: None, heads })
}
