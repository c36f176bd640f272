//! The life of a claim, step by step and in one call.

use anyhow::{Context, bail};
use cosmwasm_std::Addr;
use lyceum_api::Hash32;
use lyceum_api::canonical::{Canonical, commitment};
use lyceum_api::claim::CLAIM_COMMIT;
use lyceum_api::manifest::Recipe;
use lyceum_api::tasks::{ClaimResponse, ClaimStatus, ExecuteMsg, QueryMsg};

use crate::made_up::Run;
use crate::{Ledger, Network};

/// A claim that this crate drives, with what its trainer keeps to itself.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// Its id.
    pub id: u64,
    /// Its task.
    pub task: u64,
    /// Its trainer.
    pub trainer: Addr,
    /// The run it made up.
    pub run: Run,
}

impl Claimed {
    fn salt(&self) -> [u8; 32] {
        Hash32::of(format!("claim {}", self.id).as_bytes()).0
    }

    /// The salt of the opening it binds itself to for a panel.
    pub fn opening_salt(&self, panel: u64) -> Hash32 {
        Hash32::of(format!("opening {}/{panel}", self.id).as_bytes())
    }
}

impl<L: Ledger> Network<L> {
    /// Has a bonded trainer take a task (bond and fee are minted for it) with the bounds' greatest rate and
    /// an even mixture, waits for its seed, and makes a run up that gains `gain` percent × 10⁻⁶.
    pub fn take_task(&mut self, trainer: &Addr, task: u64, gain: i64) -> anyhow::Result<Claimed> {
        let (info, contract) = (self.task(task)?, self.at.tasks.clone());
        let recipe = Recipe {
            peak_lr_nano: info.task.bounds.max_lr_nano,
            warmup_steps: 0,
            mixture: vec![1; info.task.shards.len()],
        };
        let funds = (info.bond + info.fee).u128();
        self.fund(trainer, funds)?;
        self.execute(trainer, &contract, &ExecuteMsg::Take { task, recipe }, funds)?;
        let id = *self.task(task)?.claims.last().context("a task was taken and lists no claim")?;
        self.post_round(self.claim(id)?.seed_round)?;
        let seed = self.claim(id)?.seed.context("the seed's round was posted")?;
        let run = Run::new(seed, info.task.intervals, info.task.steps_per_interval, gain);
        Ok(Claimed { id, task, trainer: trainer.clone(), run })
    }

    /// Has the trainer commit to its claim.
    pub fn commit_claim(&mut self, claim: &Claimed) -> anyhow::Result<()> {
        let (contract, chain) = (self.at.tasks.clone(), self.chain_id());
        let content = claim.run.content().hash();
        let commit = commitment(
            CLAIM_COMMIT,
            &chain,
            contract.as_str(),
            claim.task,
            claim.trainer.as_str(),
            &content,
            &claim.salt(),
        );
        self.execute(&claim.trainer, &contract, &ExecuteMsg::Commit { claim: claim.id, commit }, 0)?;
        Ok(())
    }

    /// Waits for the commit deadline.
    pub fn wait_for_commits(&mut self, task: u64) -> anyhow::Result<()> {
        let until = self.task(task)?.commit_until;
        self.travel_past(until);
        Ok(())
    }

    /// Has the trainer reveal its claim.
    pub fn reveal_claim(&mut self, claim: &Claimed) -> anyhow::Result<()> {
        let contract = self.at.tasks.clone();
        let reveal = ExecuteMsg::Reveal {
            claim: claim.id,
            content: claim.run.content(),
            salt: claim.salt().to_vec().into(),
        };
        self.execute(&claim.trainer, &contract, &reveal, 0)?;
        Ok(())
    }

    /// Unseals a task's benchmark.
    pub fn unseal(&mut self, task: u64) -> anyhow::Result<()> {
        self.anyone(&ExecuteMsg::Unseal { task, key: Network::benchmark_key() })?;
        Ok(())
    }

    /// Waits until a settled claim can no longer be challenged.
    pub fn wait_for_disputes(&mut self, claim: u64) -> anyhow::Result<()> {
        match self.claim(claim)?.status {
            ClaimStatus::Settled { until, .. } => self.travel_past(until),
            other => bail!("claim {claim} is not settled: {other:?}"),
        }
        Ok(())
    }

    /// Finalizes a task.
    pub fn finalize_task(&mut self, task: u64) -> anyhow::Result<()> {
        self.anyone(&ExecuteMsg::Finalize { task })?;
        Ok(())
    }

    /// Takes a claim through its whole life with honest seats: a trainer takes the task, claims a made-up run that
    /// gains `gain` percent × 10⁻⁶, a committee agrees, the dispute window passes, the task is finalized.
    pub fn settle_claim(&mut self, task: u64, trainer: &Addr, gain: i64) -> anyhow::Result<ClaimResponse> {
        let claim = self.take_task(trainer, task, gain)?;
        self.commit_claim(&claim)?;
        self.wait_for_commits(task)?;
        self.reveal_claim(&claim)?;
        self.unseal(task)?;
        let panel = *self.claim(claim.id)?.panels.first().context("a revealed claim has a panel")?;
        self.run_honest_panel(&claim, panel)?;
        self.wait_for_disputes(claim.id)?;
        self.finalize_task(task)?;
        self.claim(claim.id)
    }

    /// What `tasks` says of a claim.
    pub fn claim(&self, claim: u64) -> anyhow::Result<ClaimResponse> {
        self.query(&self.at.tasks, &QueryMsg::Claim { claim })
    }
}
