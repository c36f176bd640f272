//! The books: what every contract must hold, from its own answers, against the coins that it has.

use std::collections::BTreeSet;

use lyceum_testing::anyhow::{Result, ensure};
use lyceum_testing::api::datasets::{self, DatasetsResponse, Shard, Status};
use lyceum_testing::api::nodes::{self, NodesResponse};
use lyceum_testing::api::rewards::{self, ClaimableResponse, PaidResponse, TrailResponse, TreasuryResponse};
use lyceum_testing::api::tasks::{
    ClaimResponse, ClaimStatus, ClaimsResponse, ConfigResponse, OpenLearningBlockResponse, PanelKind,
    PanelStatus, QueryMsg, TaskShard, TaskStatus, TasksResponse,
};
use lyceum_testing::api::{DENOM, Hash32};
use lyceum_testing::cosmwasm_std::Addr;
use lyceum_testing::{Crew, Network};

/// Shards of the dataset.
pub const SHARDS: usize = 8;

/// A network and what its answers alone do not say.
pub struct Books {
    pub network: Network,
    pub crew: Crew,
    pub dataset: u64,
    /// Everybody who may ever own a coin.
    pub people: BTreeSet<Addr>,
    /// Claims that were settled once: their fees went to committees.
    settled: BTreeSet<u64>,
    /// Challenges: of which claim, with which deposit, on which interval once that is revealed.
    pub challenges: Vec<(u64, u128, Option<u32>)>,
}

fn shard(at: usize) -> Shard {
    Shard { root: Hash32::of(format!("shard {at}").as_bytes()), bytes: 1_000_000 }
}

impl Books {
    /// Domains 1, 2 and 3 of one model, and a gold dataset.
    pub fn open() -> Result<Self> {
        let mut network = Network::new()?;
        let crew = network.staff()?;
        let model = network.register_model("lyceum", 4)?;
        for (name, expert) in [("prose", 0), ("code", 1), ("letters", 2)] {
            network.register_domain(Network::new_domain(name, model, expert))?;
        }
        let shards: Vec<Shard> = (0..SHARDS).map(shard).collect();
        let dataset = network.pass_dataset("texts", &shards)?;
        let mut people: BTreeSet<Addr> =
            crew.owners.iter().chain(&crew.evaluators).chain([&crew.coordinator]).cloned().collect();
        people.extend(["contributor", "anyone"].map(|name| network.account(name)));
        people.insert(network.authority.clone());
        let (settled, challenges) = (BTreeSet::new(), vec![]);
        Ok(Self { network, crew, dataset, people, settled, challenges })
    }

    /// An account that may own coins from now on.
    pub fn person(&mut self, name: &str) -> Addr {
        let account = self.network.account(name);
        self.people.insert(account.clone());
        account
    }

    /// Opens a task of a domain on a shard.
    pub fn task(&mut self, domain: u64, at: usize, claims: u32, commit_seconds: u64) -> Result<u64> {
        let shards = vec![TaskShard { dataset: self.dataset, root: shard(at % SHARDS).root }];
        let mut task = Network::new_task(domain, domain as u32 - 1, shards);
        (task.max_claims, task.commit_seconds) = (claims, commit_seconds);
        let coordinator = self.crew.coordinator.clone();
        self.network.open_task(&coordinator, task)
    }

    /// All claims.
    pub fn claims(&self) -> Result<Vec<ClaimResponse>> {
        let mut claims: Vec<ClaimResponse> = vec![];
        loop {
            let start_after = claims.last().map(|c| c.id);
            let query = QueryMsg::Claims { task: None, start_after, limit: None };
            let page: ClaimsResponse = self.network.query(&self.network.at.tasks, &query)?;
            if page.claims.is_empty() {
                return Ok(claims);
            }
            claims.extend(page.claims);
        }
    }

    /// The open learning block.
    pub fn learning_block(&self) -> Result<OpenLearningBlockResponse> {
        self.network.query(&self.network.at.tasks, &QueryMsg::OpenLearningBlock {})
    }

    /// The treasury's answer.
    pub fn treasury(&self) -> Result<TreasuryResponse> {
        self.network.query(&self.network.at.rewards, &rewards::QueryMsg::Treasury {})
    }

    /// Has everybody pull what he is owed.
    pub fn all_pull(&mut self) -> Result<()> {
        let contract = self.network.at.rewards.clone();
        for account in self.people.clone() {
            let query = rewards::QueryMsg::Claimable { account: account.to_string(), limit: None };
            let owed: ClaimableResponse = self.network.query(&contract, &query)?;
            if !(owed.amount + owed.shared).is_zero() {
                self.network.execute(&account, &contract, &rewards::ExecuteMsg::Claim { limit: None }, 0)?;
            }
        }
        Ok(())
    }

    /// Every coin is where the contracts say it is, and there are as many as the faucet gave.
    pub fn check(&mut self) -> Result<()> {
        let at = self.network.at.clone();
        let mut sum = 0;
        for (contract, books) in [
            (&at.nodes, self.stake()?),
            (&at.tasks, self.held_by_tasks()?),
            (&at.datasets, self.held_by_datasets()?),
            (&at.rewards, self.held_by_rewards()?),
            (&at.charter, 0),
            (&at.experts, 0),
            (&at.credits, 0),
        ] {
            let found = self.network.balance(contract)?;
            ensure!(found == books, "{contract} of {at:?} holds {found}, its books say {books}");
            sum += found;
        }
        for account in &self.people {
            sum += self.network.balance(account)?;
        }
        let minted = self.network.minted();
        ensure!(sum == minted, "all accounts hold {sum} of {minted}");
        let supply = self.network.app.wrap().query_supply(DENOM).expect("a supply").amount;
        ensure!(supply.to_string() == minted.to_string(), "there are {supply} of {minted}");
        Ok(())
    }

    fn stake(&self) -> Result<u128> {
        let (mut sum, mut start_after) = (0, None);
        loop {
            let query = nodes::QueryMsg::Nodes { start_after, limit: None };
            let page: NodesResponse = self.network.query(&self.network.at.nodes, &query)?;
            let Some(last) = page.nodes.last() else { return Ok(sum) };
            start_after = Some(last.node.to_string());
            for node in page.nodes {
                sum += (node.stake + node.unbonding + node.rewards).u128();
            }
        }
    }

    fn held_by_datasets(&self) -> Result<u128> {
        let contract = &self.network.at.datasets;
        let config: datasets::ConfigResponse =
            self.network.query(contract, &datasets::QueryMsg::Config {})?;
        let query = datasets::QueryMsg::Datasets { start_after: None, limit: None };
        let page: DatasetsResponse = self.network.query(contract, &query)?;
        let over = |status: &Status| matches!(status, Status::Approved { .. } | Status::Rejected { .. });
        let open = page.datasets.iter().filter(|d| !over(&d.status)).count();
        Ok(open as u128 * config.params.deposit.u128())
    }

    /// Free and accrued are what it holds; with what was paid they are all that ever came in.
    fn held_by_rewards(&self) -> Result<u128> {
        let treasury = self.treasury()?;
        let mut owed = 0;
        for account in &self.people {
            let query = rewards::QueryMsg::Claimable { account: account.to_string(), limit: None };
            let claimable: ClaimableResponse = self.network.query(&self.network.at.rewards, &query)?;
            owed += (claimable.amount + claimable.shared).u128();
        }
        ensure!(owed <= treasury.accrued.u128(), "{owed} are owed of {}", treasury.accrued);
        Ok(treasury.free.u128() + treasury.accrued.u128())
    }

    /// The trail and what everybody pulled agree with the balances.
    pub fn check_trail(&self) -> Result<()> {
        let (treasury, rewards) = (self.treasury()?, &self.network.at.rewards);
        let (mut came, mut went, mut start_after) = (0, 0, None);
        loop {
            let query = rewards::QueryMsg::Trail { start_after, limit: None };
            let page: TrailResponse = self.network.query(rewards, &query)?;
            let Some(last) = page.entries.last() else { break };
            start_after = Some(last.id);
            for entry in page.entries {
                match entry.kind.as_str() {
                    "fund" | "deposit" => came += entry.amount.u128(),
                    "claim" | "share" | "grant" => went += entry.amount.u128(),
                    _ => {}
                }
            }
        }
        let all = treasury.free.u128() + treasury.accrued.u128() + treasury.paid.u128();
        ensure!(came == all, "{came} came in, {all} are accounted for");
        let mut pulled = 0;
        // What delegators share is pulled by `nodes`.
        for account in self.people.iter().chain([&self.network.at.nodes]) {
            let query = rewards::QueryMsg::Paid { account: account.to_string() };
            let paid: PaidResponse = self.network.query(rewards, &query)?;
            pulled += paid.amount.u128();
        }
        let paid = treasury.paid.u128();
        ensure!(went == paid && pulled == paid, "{paid} paid, {went} on the trail, {pulled} pulled");
        Ok(())
    }

    /// Deposits and reserves of open tasks, bonds and fees of open claims, deposits of open challenges.
    fn held_by_tasks(&mut self) -> Result<u128> {
        let contract = self.network.at.tasks.clone();
        let config: ConfigResponse = self.network.query(&contract, &QueryMsg::Config {})?;
        let mut sum = 0;
        let claims = self.claims()?;
        let (mut start_after, mut open) = (None, BTreeSet::new());
        loop {
            let query = QueryMsg::Tasks { start_after, limit: None };
            let page: TasksResponse = self.network.query(&contract, &query)?;
            let Some(last) = page.tasks.last() else { break };
            start_after = Some(last.id);
            for task in page.tasks.iter().filter(|t| t.status == TaskStatus::Open) {
                open.insert(task.id);
                let fees = task.fee.u128() * u128::from(task.task.max_claims);
                sum += config.params.opener_deposit.u128() + fees;
            }
        }
        for claim in &claims {
            let (bond, fee) = (claim.bond.u128(), claim.fee.u128());
            use ClaimStatus::*;
            match claim.status {
                Taken {} | Committed {} | Revealed {} | Bisecting { .. } => sum += bond + fee,
                Disputed { .. } if self.settled.contains(&claim.id) => sum += bond,
                Disputed { .. } => sum += bond + fee,
                Settled { .. } => {
                    self.settled.insert(claim.id);
                    sum += bond;
                }
                // Its fee had gone to the committee, so the opener's reserve paid the trainer.
                Void {} if claim.opened_panel.is_some() && open.contains(&claim.task) => sum -= fee,
                Accepted {}
                | Outbid {}
                | Rejected { .. }
                | Fraud { .. }
                | Lost {}
                | Forfeited {}
                | Void {} => {}
            }
        }
        for (claim, deposit, interval) in &self.challenges {
            let found = claims.iter().find(|c| c.id == *claim).expect("a challenge is of a claim");
            if self.is_open(found, *interval)? {
                sum += deposit;
            }
        }
        Ok(sum)
    }

    /// Whether a challenge's deposit is still held: its claim is, and its interval is not decided.
    fn is_open(&self, claim: &ClaimResponse, interval: Option<u32>) -> Result<bool> {
        use ClaimStatus::*;
        if !matches!(claim.status, Revealed {} | Bisecting { .. } | Disputed { .. } | Settled { .. }) {
            return Ok(false);
        }
        let Some(interval) = interval else { return Ok(true) };
        for panel in &claim.panels {
            let panel = self.network.panel(*panel)?;
            let asked = panel.kind == PanelKind::Interval { interval };
            if asked && panel.status != (PanelStatus::Closed {}) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
