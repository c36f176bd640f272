//! A network with a crew, three domains and a gold dataset, and the words in which attacks are told.

use lyceum_testing::anyhow::{Context, Result, ensure};
use lyceum_testing::api::attestation::{Attestation, IntervalSeen};
use lyceum_testing::api::datasets::Shard;
use lyceum_testing::api::manifest::Recipe;
use lyceum_testing::api::nodes::{self, Role, UnbondingResponse};
use lyceum_testing::api::tasks::{
    ClaimStatus, ExecuteMsg, NewTask, OpenLearningBlockResponse, PanelResponse, QueryMsg, TaskShard,
};
use lyceum_testing::api::{Hash32, rewards};
use lyceum_testing::cosmwasm_std::Addr;
use lyceum_testing::made_up::Run;
use lyceum_testing::{Claimed, Crew, LYC, Network};

/// Stake of a trainer: a fifth of it is what a fraud costs beside the bond.
pub const STAKE: u128 = 100_000 * LYC;
/// The gain of an honest claim, percent × 10⁻⁶.
pub const GAIN: i64 = 3_000_000;
/// Shards of the dataset.
pub const SHARDS: usize = 8;

/// The network.
pub struct Arena {
    pub network: Network,
    pub crew: Crew,
    pub model: u64,
    pub dataset: u64,
}

/// A shard of a name.
pub fn shard(name: &str) -> Shard {
    Shard { root: Hash32::of(name.as_bytes()), bytes: 1_000_000 }
}

impl Arena {
    /// Domains 1, 2 and 3 train experts 0, 1 and 2 of one model.
    pub fn new() -> Result<Self> {
        let mut network = Network::new()?;
        let crew = network.staff()?;
        let model = network.register_model("lyceum", 4)?;
        for (name, expert) in [("prose", 0), ("code", 1), ("letters", 2)] {
            network.register_domain(Network::new_domain(name, model, expert))?;
        }
        let shards: Vec<Shard> = (0..SHARDS).map(|i| shard(&format!("shard {i}"))).collect();
        let dataset = network.pass_dataset("texts", &shards)?;
        Ok(Self { network, crew, model, dataset })
    }

    /// A task of domain 1, 2 or 3 on one shard, to be changed before it is opened.
    pub fn new_task(&self, domain: u64, at: usize) -> NewTask {
        let root = shard(&format!("shard {at}")).root;
        Network::new_task(domain, domain as u32 - 1, vec![TaskShard { dataset: self.dataset, root }])
    }

    /// Opens it.
    pub fn open(&mut self, task: NewTask) -> Result<u64> {
        let coordinator = self.crew.coordinator.clone();
        self.network.open_task(&coordinator, task)
    }

    /// A task of a domain on a shard, opened.
    pub fn task(&mut self, domain: u64, at: usize) -> Result<u64> {
        let task = self.new_task(domain, at);
        self.open(task)
    }

    /// A bonded trainer.
    pub fn trainer(&mut self, name: &str) -> Result<Addr> {
        self.network.bond_node(name, STAKE, &[Role::Trainer])
    }

    /// Sends a message to `tasks`.
    pub fn send(&mut self, sender: &Addr, msg: &ExecuteMsg, funds: u128) -> Result<()> {
        let contract = self.network.at.tasks.clone();
        self.network.execute(sender, &contract, msg, funds)?;
        Ok(())
    }

    /// Sends it as somebody without a part in anything.
    pub fn anyone(&mut self, msg: &ExecuteMsg) -> Result<()> {
        let sender = self.network.account("anyone");
        self.send(&sender, msg, 0)
    }

    /// Sends a message to `nodes`.
    pub fn tell_nodes(&mut self, sender: &Addr, msg: &nodes::ExecuteMsg) -> Result<()> {
        let contract = self.network.at.nodes.clone();
        self.network.execute(sender, &contract, msg, 0)?;
        Ok(())
    }

    /// Has claims of one task committed and revealed, and its benchmark unsealed.
    pub fn reveal(&mut self, claims: &[&Claimed]) -> Result<()> {
        let task = claims.first().context("some claim")?.task;
        for claim in claims {
            self.network.commit_claim(claim)?;
        }
        self.network.wait_for_commits(task)?;
        for claim in claims {
            self.network.reveal_claim(claim)?;
        }
        self.network.unseal(task)
    }

    /// A trainer's claim whose run is changed before it is committed to, up to its reveal.
    pub fn claim(&mut self, task: u64, name: &str, change: impl FnOnce(Run) -> Run) -> Result<Claimed> {
        let trainer = self.trainer(name)?;
        self.claim_by(task, &trainer, change)
    }

    /// The same by a trainer that is there.
    pub fn claim_by(
        &mut self,
        task: u64,
        trainer: &Addr,
        change: impl FnOnce(Run) -> Run,
    ) -> Result<Claimed> {
        let mut claim = self.network.take_task(trainer, task, GAIN)?;
        claim.run = change(claim.run);
        self.reveal(&[&claim])?;
        Ok(claim)
    }

    /// The claim panel of a claim.
    pub fn first_panel(&self, claim: &Claimed) -> Result<u64> {
        self.network.claim(claim.id)?.panels.first().copied().context("a revealed claim has a panel")
    }

    /// Takes a claim to a verdict, with seats that say what `says` makes of what honest ones would.
    pub fn judge_with(
        &mut self,
        claim: &Claimed,
        says: impl Fn(&PanelResponse, &Addr, &mut Attestation),
    ) -> Result<ClaimStatus> {
        self.network.judge_claim(claim, says)
    }

    /// The same with honest seats.
    pub fn judge(&mut self, claim: &Claimed) -> Result<ClaimStatus> {
        self.judge_with(claim, |_, _, _| {})
    }

    /// Takes a claim from its reveal to its end and its task's.
    pub fn conclude(&mut self, claim: &Claimed) -> Result<ClaimStatus> {
        if matches!(self.judge(claim)?, ClaimStatus::Settled { .. }) {
            self.network.wait_for_disputes(claim.id)?;
        }
        self.network.finalize_task(claim.task)?;
        Ok(self.network.claim(claim.id)?.status)
    }

    /// An honest claim of a new task, from the opening to the end.
    pub fn honest(&mut self, domain: u64, at: usize, name: &str) -> Result<Claimed> {
        let task = self.task(domain, at)?;
        let claim = self.claim(task, name, |run| run)?;
        let status = self.conclude(&claim)?;
        ensure!(status == ClaimStatus::Accepted {}, "an honest claim ended as {status:?}");
        Ok(claim)
    }

    /// What an account owns: its purse, what it may pull, its stake, and its stake on the way out.
    pub fn worth(&self, account: &Addr) -> Result<u128> {
        let network = &self.network;
        let query = rewards::QueryMsg::Claimable { account: account.to_string(), limit: None };
        let owed: rewards::ClaimableResponse = network.query(&network.at.rewards, &query)?;
        let mut worth = network.balance(account)? + owed.amount.u128();
        if let Ok(node) = network.node(account) {
            let query = nodes::QueryMsg::Unbonding { node: account.to_string() };
            let queue: UnbondingResponse = network.query(&network.at.nodes, &query)?;
            worth += node.stake.u128() + queue.entries.iter().map(|e| e.amount.u128()).sum::<u128>();
        }
        Ok(worth)
    }

    /// Bond and fee of a task's claims.
    pub fn terms(&self, task: u64) -> Result<(u128, u128)> {
        let task = self.network.task(task)?;
        Ok((task.bond.u128(), task.fee.u128()))
    }

    /// The open learning block.
    pub fn learning_block(&self) -> Result<OpenLearningBlockResponse> {
        self.network.query(&self.network.at.tasks, &QueryMsg::OpenLearningBlock {})
    }

    /// Sum of a pool's weights in the open learning block.
    pub fn weight(&self, pool: rewards::Pool) -> Result<u128> {
        let query = rewards::QueryMsg::LearningBlock { learning_block: self.learning_block()?.number };
        let block: rewards::LearningBlockResponse = self.network.query(&self.network.at.rewards, &query)?;
        let of = block.pools.iter().find(|p| p.pool == pool).context("a pool")?;
        Ok(of.weight.u128())
    }

    /// Seals the open learning block with honest seats and gives its emission.
    pub fn seal(&mut self) -> Result<u128> {
        Ok(self.network.seal_learning_block()?.emission.u128())
    }

    /// Draws and serves the claim panel of a claim, for an attack that begins there.
    pub fn seated(&mut self, claim: &Claimed) -> Result<PanelResponse> {
        let panel = self.first_panel(claim)?;
        self.network.draw_panel(panel)?;
        self.network.serve_panel(claim, panel)?;
        self.network.panel(panel)
    }

    /// Waits so long and has a claim expired for what its trainer left undone.
    pub fn expire_after(&mut self, seconds: u64, claim: &Claimed) -> Result<ClaimStatus> {
        self.network.travel(seconds);
        self.anyone(&ExecuteMsg::Expire { claim: claim.id })?;
        Ok(self.network.claim(claim.id)?.status)
    }

    /// A recipe within the bounds of a task on one shard.
    pub fn recipe() -> Recipe {
        Recipe { peak_lr_nano: 1_000_000, warmup_steps: 0, mixture: vec![1] }
    }
}

/// Has a seat say what the trainer opens, of every interval it was given.
pub fn confirm(run: &Run, said: &mut Attestation) {
    said.intervals =
        said.intervals.iter().map(|seen| run.claimed(seen.interval)).collect::<Vec<IntervalSeen>>();
}

/// The words of a refusal hold these.
#[track_caller]
pub fn refused<T: std::fmt::Debug>(result: Result<T>, words: &str) {
    let error = format!("{:#}", result.expect_err("it was not refused"));
    assert!(error.contains(words), "refused with {error:?}, expected {words:?}");
}
