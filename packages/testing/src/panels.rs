//! The life of a panel, step by step, with honest seats.

use anyhow::Context;
use cosmwasm_std::Addr;
use lyceum_api::Hash32;
use lyceum_api::attestation::{ATTESTATION_COMMIT, Attestation, DomainScore, Opening, opening_root};
use lyceum_api::canonical::{Canonical, commitment};
use lyceum_api::tasks::{self, ExecuteMsg, PanelKind, PanelResponse, PanelStatus, QueryMsg};

use crate::made_up::Run;
use crate::{Claimed, Ledger, Network};

/// The salt of a seat's attestation.
fn seat_salt(panel: u64, seat: &Addr) -> [u8; 32] {
    Hash32::of(format!("{panel}/{seat}").as_bytes()).0
}

impl<L: Ledger> Network<L> {
    /// What `tasks` says of a panel.
    pub fn panel(&self, panel: u64) -> anyhow::Result<PanelResponse> {
        self.query(&self.at.tasks, &QueryMsg::Panel { panel })
    }

    /// Waits for a panel's round, posts it and draws the panel.
    pub fn draw_panel(&mut self, panel: u64) -> anyhow::Result<PanelResponse> {
        let round = self.panel(panel)?.round;
        self.post_round(round)?;
        self.anyone(&ExecuteMsg::Draw { panel })?;
        self.panel(panel)
    }

    /// Has the trainer serve what a drawn panel asks for.
    pub fn serve_panel(&mut self, claim: &Claimed, panel: u64) -> anyhow::Result<()> {
        let info = self.panel(panel)?;
        let opening = opening_root(&claim.opening_salt(panel), &opening_of(&info, &claim.run));
        let states = served_states(&info, &claim.run)
            .into_iter()
            .map(|state| claim.run.serve(state).context("a drawn state is one of the run's"))
            .collect::<anyhow::Result<_>>()?;
        let (trainer, contract) = (claim.trainer.clone(), self.at.tasks.clone());
        self.execute(&trainer, &contract, &ExecuteMsg::Serve { panel, opening, states }, 0)?;
        Ok(())
    }

    /// What an honest seat attests of a made-up run.
    pub fn honest_attestation(
        &self,
        panel: &PanelResponse,
        seat: &Addr,
        run: &Run,
    ) -> anyhow::Result<Attestation> {
        let guards = self.unharmed(panel)?;
        let seat = panel.seats.iter().find(|s| s.node == seat).context("not a seat of this panel")?;
        Ok(match panel.kind {
            PanelKind::Heads {} => {
                Attestation { sound: true, intervals: vec![], scored: None, heads: guards }
            }
            PanelKind::Score {} => Attestation {
                sound: true,
                intervals: vec![],
                scored: Some(run.scored(guards)),
                heads: vec![],
            },
            PanelKind::Claim {} => Attestation {
                sound: true,
                intervals: seat.intervals.iter().map(|j| run.seen(*j)).collect(),
                scored: Some(run.scored(guards)),
                heads: vec![],
            },
            // Once under its own key, once under the first panel's; a made-up sketch is the same under both.
            PanelKind::Interval { interval } => Attestation {
                sound: true,
                intervals: vec![run.seen(interval); 1 + usize::from(panel.second_key.is_some())],
                scored: None,
                heads: vec![],
            },
        })
    }

    /// The domains that a panel was drawn to guard, each scored at its best: nothing was harmed.
    pub(crate) fn unharmed(&self, panel: &PanelResponse) -> anyhow::Result<Vec<DomainScore>> {
        let score = |domain: &u64| {
            let info: tasks::DomainResponse =
                self.query(&self.at.tasks, &QueryMsg::Domain { domain: *domain })?;
            Ok(DomainScore { domain: *domain, score: info.best })
        };
        panel.guards.iter().map(score).collect()
    }

    /// Has a seat commit to an attestation.
    pub fn commit_attestation(&mut self, panel: u64, seat: &Addr, said: &Attestation) -> anyhow::Result<()> {
        let (contract, salt) = (self.at.tasks.clone(), seat_salt(panel, seat));
        let chain = self.chain_id();
        let commit = commitment(
            ATTESTATION_COMMIT,
            &chain,
            contract.as_str(),
            panel,
            seat.as_str(),
            &said.hash(),
            &salt,
        );
        self.execute(seat, &contract, &ExecuteMsg::Attest { panel, commit }, 0)?;
        Ok(())
    }

    /// Has a seat reveal what it committed to.
    pub fn reveal_attestation(&mut self, panel: u64, seat: &Addr, said: Attestation) -> anyhow::Result<()> {
        let (contract, salt) = (self.at.tasks.clone(), seat_salt(panel, seat).to_vec().into());
        self.execute(seat, &contract, &ExecuteMsg::RevealAttestation { panel, attestation: said, salt }, 0)?;
        Ok(())
    }

    /// Has the trainer open its sketches for a panel.
    pub fn open_sketches(&mut self, claim: &Claimed, panel: u64) -> anyhow::Result<()> {
        let opening = opening_of(&self.panel(panel)?, &claim.run);
        let salt = claim.opening_salt(panel);
        let (trainer, contract) = (claim.trainer.clone(), self.at.tasks.clone());
        self.execute(&trainer, &contract, &ExecuteMsg::Open { panel, opening, salt }, 0)?;
        Ok(())
    }

    /// Takes a panel from its round to its settlement, with every seat saying what `says` gives for it.
    pub fn run_panel(
        &mut self,
        claim: &Claimed,
        panel: u64,
        says: impl Fn(&Network<L>, &PanelResponse, &Addr) -> anyhow::Result<Attestation>,
    ) -> anyhow::Result<()> {
        let info = self.draw_panel(panel)?;
        if matches!(info.status, PanelStatus::Serving { .. }) {
            self.serve_panel(claim, panel)?;
        }
        let info = self.panel(panel)?;
        self.attest(&info, says)?;
        if info.opening.is_some() {
            self.open_sketches(claim, panel)?;
        }
        self.anyone(&ExecuteMsg::Settle { panel })?;
        Ok(())
    }

    /// Has every seat of a drawn panel commit to what `says` gives for it, and then reveal it.
    pub(crate) fn attest(
        &mut self,
        panel: &PanelResponse,
        says: impl Fn(&Network<L>, &PanelResponse, &Addr) -> anyhow::Result<Attestation>,
    ) -> anyhow::Result<()> {
        let mut said = Vec::new();
        for seat in &panel.seats {
            let attestation = says(self, panel, &seat.node)?;
            self.commit_attestation(panel.id, &seat.node, &attestation)?;
            said.push((seat.node.clone(), attestation));
        }
        for (seat, attestation) in said {
            self.reveal_attestation(panel.id, &seat, attestation)?;
        }
        Ok(())
    }

    /// Takes a panel through its life with honest seats.
    pub fn run_honest_panel(&mut self, claim: &Claimed, panel: u64) -> anyhow::Result<()> {
        let run = claim.run.clone();
        self.run_panel(claim, panel, move |network, info, seat| network.honest_attestation(info, seat, &run))
    }
}

/// The states a panel asks the trainer to serve.
fn served_states(panel: &PanelResponse, run: &Run) -> Vec<u32> {
    tasks::served_states(panel.kind, run.intervals(), &tasks::drawn(panel))
}

/// What a trainer opens for a panel.
fn opening_of(panel: &PanelResponse, run: &Run) -> Opening {
    let drawn = tasks::drawn(panel);
    let opened = tasks::opened_states(panel.kind, run.intervals(), &drawn);
    run.opening(&opened, &tasks::proven_ends(panel.kind, &drawn))
}
