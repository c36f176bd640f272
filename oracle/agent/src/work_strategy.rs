//! [`WorkStrategy`]: how a node does its work. There is one honest way; [`crate::adversary`] has the others.

use lyceum_api::attestation::Opening;
use lyceum_api::tasks::{DomainResponse, PanelResponse, ServedState};
use lyceum_learn::{State, rederive};

use crate::action::Subject;
use crate::work::{self, Attested, JobContext, Run};
use crate::{Result, Trained};

/// How work is done. The provided methods are the honest way.
pub trait WorkStrategy: Send + Sync {
    /// Trains a claim.
    fn train(&self, ctx: &JobContext, subject: &Subject) -> Result<Trained> {
        work::train::train(ctx, subject)
    }

    /// Goes on from a state of a run to a later one, as the run did.
    fn advance_to(&self, run: &Run, from: State, to: u32) -> Result<State> {
        Ok(rederive(&run.parent, &run.spec, &run.shards, &from, to)?)
    }

    /// Makes ready what a panel asks of the trainer; beside it the steps done again.
    fn serve(
        &self,
        ctx: &JobContext,
        subject: &Subject,
        trained: &Trained,
        panel: &PanelResponse,
    ) -> Result<(Vec<ServedState>, Opening, u64)> {
        work::serve(ctx, self, subject, trained, panel)
    }

    /// Judges a claim as a seat.
    fn attest(
        &self,
        ctx: &JobContext,
        subject: &Subject,
        panel: &PanelResponse,
        second: Option<&PanelResponse>,
        guards: &[DomainResponse],
    ) -> Result<Attested> {
        work::attest(ctx, subject, panel, second, guards)
    }
}

/// The honest strategy.
#[derive(Debug, Clone, Copy, Default)]
pub struct Honest;

impl WorkStrategy for Honest {}
