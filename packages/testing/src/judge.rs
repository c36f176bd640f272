//! A revealed claim on its way to a verdict, with whatever disputes arise.

use anyhow::{Context, bail};
use cosmwasm_std::Addr;
use lyceum_api::attestation::{Attestation, OpenedState};
use lyceum_api::tasks::{ClaimStatus, ExecuteMsg, PanelResponse, PanelStatus};

use crate::{Claimed, Ledger, Network};

/// More panels and spans than any claim has.
const MOST: usize = 64;

impl<L: Ledger> Network<L> {
    /// Takes a revealed claim to a verdict and gives it: every panel is drawn and sat through, and the trainer opens
    /// every span that jumps as its run has it. `says` changes what a seat says from what an honest one would.
    pub fn judge_claim(
        &mut self,
        claim: &Claimed,
        says: impl Fn(&PanelResponse, &Addr, &mut Attestation),
    ) -> anyhow::Result<ClaimStatus> {
        let run = &claim.run;
        for _ in 0..MOST {
            let info = self.claim(claim.id)?;
            match info.status {
                ClaimStatus::Revealed {} | ClaimStatus::Disputed { .. } => {
                    let mut panels = info.panels.into_iter();
                    let panel = panels
                        .find(|p| self.panel(*p).is_ok_and(|p| p.status == PanelStatus::Pending {}))
                        .context("no panel of the claim waits to be drawn")?;
                    self.run_panel(claim, panel, |network, info, seat| {
                        let mut said = network.honest_attestation(info, seat, run)?;
                        says(info, seat, &mut said);
                        Ok(said)
                    })?;
                }
                ClaimStatus::Bisecting { from, to, .. } => self.open_span(claim, from, to)?,
                verdict => return Ok(verdict),
            }
        }
        bail!("claim {} finds no verdict", claim.id)
    }

    /// Has the trainer open the states strictly within a span that jumps.
    pub fn open_span(&mut self, claim: &Claimed, from: u32, to: u32) -> anyhow::Result<()> {
        let opened = |state| OpenedState { state, sketch: claim.run.sketch(state) };
        let states = (from + 1..to).map(opened).collect();
        let (trainer, contract) = (claim.trainer.clone(), self.at.tasks.clone());
        self.execute(&trainer, &contract, &ExecuteMsg::OpenSpan { claim: claim.id, from, states }, 0)?;
        Ok(())
    }
}
