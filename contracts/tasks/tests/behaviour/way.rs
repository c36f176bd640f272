//! The way through, in sentences.
use cosmwasm_std::Addr;
use lyceum_api::Hash32;
use lyceum_api::attestation::{
    ATTESTATION_COMMIT, Attestation, DomainScore, IntervalSeen, ItemSketch, Scored, opening_root, sketch_key,
};
use lyceum_api::canonical::{Canonical, commitment};
use lyceum_api::claim::CLAIM_COMMIT;
use lyceum_api::tasks::*;

use crate::run::{Run, key, sketch};
use crate::world::*;

impl World {
    pub fn open(&mut self) -> u64 {
        self.open_as(new_task())
    }

    /// The task with the first round that comes out after its commit deadline.
    pub fn timed(&self, mut task: NewTask) -> NewTask {
        let out = self.now() + task.commit_seconds;
        task.benchmark.round = lyceum_onchain::beacon::first_round_from(START - 3_000, 3, out);
        task
    }

    pub fn open_as(&mut self, task: NewTask) -> u64 {
        let task = self.timed(task);
        self.open_exactly(task)
    }

    pub fn open_exactly(&mut self, task: NewTask) -> u64 {
        let funds = DEPOSIT + FEE * u128::from(task.max_claims);
        self.ok(&self.coordinator.clone(), &ExecuteMsg::OpenTask { task }, funds);
        self.ask::<TasksResponse>(&QueryMsg::Tasks { start_after: None, limit: None })
            .tasks
            .last()
            .unwrap()
            .id
    }

    pub fn take(&mut self, trainer: &Addr, task: u64) -> u64 {
        let bond = self.task(task).bond.u128();
        self.ok(trainer, &ExecuteMsg::Take { task, recipe: recipe() }, bond + FEE);
        let claim = *self.task(task).claims.last().unwrap();
        self.post(self.claim(claim).seed_round);
        claim
    }

    /// Takes a task and trains; `forge` turns the honest run into what the trainer hands in.
    pub fn train(&mut self, trainer: &Addr, task: u64, forge: impl Fn(Run) -> Run) -> (u64, Run) {
        let claim = self.take(trainer, task);
        let run = forge(Run::honest(self.claim(claim).seed.unwrap()));
        (claim, run)
    }

    pub fn commit_of(&self, trainer: &Addr, task: u64, run: &Run) -> Hash32 {
        let chain = self.app.block_info().chain_id;
        let content = run.content().hash();
        commitment(CLAIM_COMMIT, &chain, self.tasks.as_str(), task, trainer.as_str(), &content, SALT)
    }

    pub fn commit(&mut self, claim: u64, run: &Run) {
        let ClaimResponse { task, trainer, .. } = self.claim(claim);
        let commit = self.commit_of(&trainer, task, run);
        self.ok(&trainer, &ExecuteMsg::Commit { claim, commit }, 0);
    }

    pub fn reveal(&mut self, claim: u64, run: &Run) {
        let msg = ExecuteMsg::Reveal { claim, content: run.content(), salt: SALT.into() };
        let trainer = self.claim(claim).trainer;
        self.ok(&trainer, &msg, 0);
    }

    /// Waits for the commit deadline and unseals.
    pub fn unseal(&mut self, task: u64) {
        self.until(self.task(task).commit_until.seconds().max(self.now()));
        self.ok(&self.stranger(), &ExecuteMsg::Unseal { task, key: KEY }, 0);
    }

    /// From the open task to a drawn claim panel.
    pub fn drawn(&mut self, forge: impl Fn(Run) -> Run) -> (u64, Run, u64) {
        let task = self.open();
        let (claim, run) = self.train(&self.trainer.clone(), task, forge);
        self.commit(claim, &run);
        self.unseal(task);
        self.reveal(claim, &run);
        let panel = self.draw(claim);
        (claim, run, panel)
    }

    /// Draws the claim's newest panel.
    pub fn draw(&mut self, claim: u64) -> u64 {
        let panel = self.newest(claim);
        self.draw_panel(panel.id);
        panel.id
    }

    pub fn draw_panel(&mut self, panel: u64) {
        self.post(self.panel(panel).round);
        self.ok(&self.stranger(), &ExecuteMsg::Draw { panel }, 0);
    }

    pub fn serve_msg(&self, panel: u64, run: &Run) -> ExecuteMsg {
        let panel = self.panel(panel);
        let opening = opening_root(&OPENING_SALT, &run.opening(&panel));
        ExecuteMsg::Serve { panel: panel.id, opening, states: run.served(&panel) }
    }

    pub fn serve(&mut self, panel: u64, run: &Run) {
        let trainer = self.claim(self.panel(panel).claim.unwrap()).trainer;
        self.ok(&trainer, &self.serve_msg(panel, run), 0);
    }

    pub fn open_msg(&self, panel: u64, run: &Run) -> ExecuteMsg {
        ExecuteMsg::Open { panel, opening: run.opening(&self.panel(panel)), salt: OPENING_SALT }
    }

    pub fn open_sketches(&mut self, panel: u64, run: &Run) {
        let trainer = self.claim(self.panel(panel).claim.unwrap()).trainer;
        self.ok(&trainer, &self.open_msg(panel, run), 0);
    }

    /// What an honest seat answers: it re-executes from the served states.
    pub fn honest(&self, panel: u64, seat: usize, run: &Run) -> Attestation {
        let panel = self.panel(panel);
        let led_to = |j: u32| run.values[j as usize] + run.training[j as usize];
        let committed = |j: u32| led_to(j) == run.values[j as usize + 1];
        let seen = |key: &Hash32, j: u32| IntervalSeen {
            interval: j,
            start: sketch(key, run.values[j as usize]),
            end: sketch(key, led_to(j)),
            end_root: if committed(j) { run.tensors(j + 1) } else { Hash32::of(&led_to(j).to_le_bytes()) },
        };
        let mut intervals: Vec<_> =
            panel.seats[seat].intervals.iter().map(|j| seen(&key(&panel), *j)).collect();
        if let (Some(second), PanelKind::Interval { interval }) = (panel.second_key, panel.kind) {
            let other = sketch_key(second, &self.panel(second).randomness.unwrap());
            intervals.push(seen(&other, interval));
        }
        let domains = |score| panel.guards.iter().map(move |d| DomainScore { domain: *d, score }).collect();
        let scored = Scored {
            reference: 3_000_000,
            child: 2_850_000,
            gain: 5_000_000,
            synthetic_gain: 4_000_000,
            items: ItemSketch::new(&[1 << 40; 32]),
            guards: domains(3_010_000),
        };
        match panel.kind {
            PanelKind::Claim {} => {
                Attestation { sound: true, intervals, scored: Some(scored), heads: vec![] }
            }
            PanelKind::Score {} => {
                Attestation { sound: true, intervals: vec![], scored: Some(scored), heads: vec![] }
            }
            // It is served both ends, and says so where one does not lead to the other.
            PanelKind::Interval { interval } => {
                Attestation { sound: committed(interval), intervals, scored: None, heads: vec![] }
            }
            PanelKind::Heads {} => {
                Attestation { sound: true, intervals: vec![], scored: None, heads: domains(2_990_000) }
            }
        }
    }

    pub fn attest_msg(&self, panel: u64, seat: &Addr, answer: &Attestation) -> ExecuteMsg {
        let chain = self.app.block_info().chain_id;
        let (contract, seat) = (self.tasks.as_str(), seat.as_str());
        let commit = commitment(ATTESTATION_COMMIT, &chain, contract, panel, seat, &answer.hash(), SALT);
        ExecuteMsg::Attest { panel, commit }
    }

    pub fn attest(&mut self, panel: u64, seat: &Addr, answer: &Attestation) {
        self.ok(seat, &self.attest_msg(panel, seat, answer), 0);
    }

    pub fn reveal_attestation(&mut self, panel: u64, seat: &Addr, attestation: &Attestation) {
        let attestation = attestation.clone();
        self.ok(seat, &ExecuteMsg::RevealAttestation { panel, attestation, salt: SALT.into() }, 0);
    }

    /// Every seat commits, the trainer opens, every seat reveals; `change` makes an answer of the honest one.
    pub fn answer(&mut self, panel: u64, run: &Run, change: impl Fn(usize, &mut Attestation)) {
        let info = self.panel(panel);
        let answers: Vec<_> = (0..info.seats.len())
            .map(|i| {
                let mut answer = self.honest(panel, i, run);
                change(i, &mut answer);
                (info.seats[i].node.clone(), answer)
            })
            .collect();
        for (seat, answer) in &answers {
            self.attest(panel, seat, answer);
        }
        if matches!(info.kind, PanelKind::Claim {} | PanelKind::Interval { .. }) {
            self.open_sketches(panel, run);
        }
        for (seat, answer) in &answers {
            self.reveal_attestation(panel, seat, answer);
        }
    }

    pub fn settle(&mut self, panel: u64) {
        self.ok(&self.stranger(), &ExecuteMsg::Settle { panel }, 0);
    }

    /// Serves, answers and settles a drawn panel.
    pub fn work(&mut self, panel: u64, run: &Run, change: impl Fn(usize, &mut Attestation)) {
        if matches!(self.panel(panel).status, PanelStatus::Serving { .. }) {
            self.serve(panel, run);
        }
        self.answer(panel, run, change);
        self.settle(panel);
    }

    /// Draws, serves, answers and settles the claim's newest panel.
    pub fn dispute(&mut self, claim: u64, run: &Run, change: impl Fn(usize, &mut Attestation)) -> u64 {
        let panel = self.draw(claim);
        self.work(panel, run, change);
        panel
    }

    /// From the open task to a verdict that stands.
    pub fn settled(&mut self) -> (u64, Run) {
        let (claim, run, panel) = self.drawn(|run| run);
        self.work(panel, &run, |_, _| {});
        (claim, run)
    }

    pub fn finalize(&mut self, claim: u64) {
        let ClaimResponse { task, status, .. } = self.claim(claim);
        if let ClaimStatus::Settled { until, .. } = status {
            self.until(until.seconds() + 1);
        }
        self.ok(&self.stranger(), &ExecuteMsg::Finalize { task }, 0);
    }
}
