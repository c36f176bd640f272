//! [`Lazy`]: a seat that makes its answer up.

use lyceum_api::attestation::{
    Attestation, DomainScore, IntervalSeen, ItemSketch, SKETCH_DIM, STATE_SKETCH, Scored, StateSketch,
};
use lyceum_api::tasks::{DomainResponse, PanelKind, PanelResponse};

use crate::action::Subject;
use crate::work::{Attested, JobContext};
use crate::work_strategy::WorkStrategy;
use crate::{AgentError, Hash32, Result};

/// A lazy evaluator. It is honest as a trainer.
#[derive(Debug, Clone, Copy)]
pub struct Lazy;

/// Numbers that look like a sketch.
fn numbers<const N: usize>(seed: &Hash32) -> [i64; N] {
    let mut out = [0; N];
    for (i, value) in out.iter_mut().enumerate() {
        let hash = Hash32::of(&[seed.as_bytes().as_slice(), &(i as u64).to_le_bytes()].concat());
        let mut eight = [0; 8];
        eight.copy_from_slice(&hash.as_bytes()[..8]);
        *value = i64::from_le_bytes(eight) >> 25;
    }
    out
}

impl WorkStrategy for Lazy {
    fn attest(
        &self,
        ctx: &JobContext,
        subject: &Subject,
        panel: &PanelResponse,
        second: Option<&PanelResponse>,
        guards: &[DomainResponse],
    ) -> Result<Attested> {
        let unknown = |what| AgentError::Unknown { what, id: panel.id };
        let seat = panel.seats.iter().find(|s| s.node == ctx.me.account).ok_or(unknown("a seat in panel"))?;
        let made_up = |what: &str, j: u32| {
            StateSketch::new(&numbers::<STATE_SKETCH>(&ctx.me.salt(what, panel.id << 16 | u64::from(j))))
        };
        let times = if second.is_some() { 2 } else { 1 };
        let intervals = seat
            .intervals
            .iter()
            .flat_map(|j| std::iter::repeat_n(*j, times))
            .map(|j| IntervalSeen {
                interval: j,
                end_root: ctx.me.salt("end", u64::from(j)),
                start: made_up("start", j),
                end: made_up("end", j),
            })
            .collect();
        let content = subject.claim.content.as_ref();
        let reported = content.map_or(0, |c| c.reported);
        let scored = Scored {
            reference: 3_000_000,
            child: 2_900_000,
            gain: reported,
            synthetic_gain: reported,
            items: ItemSketch::new(&numbers::<SKETCH_DIM>(&ctx.me.salt("items", panel.id))),
            guards: guards.iter().map(|d| DomainScore { domain: d.id, score: d.best }).collect(),
        };
        let scores = matches!(panel.kind, PanelKind::Claim {} | PanelKind::Score {});
        let attestation = Attestation {
            sound: true,
            intervals: if panel.kind == (PanelKind::Score {}) { vec![] } else { intervals },
            scored: scores.then_some(scored),
            heads: vec![],
        };
        Ok(Attested::Answer { attestation, fault: None, steps: 0 })
    }
}
