//! What the chain says of everybody's money when it is over: [`Facts`] for the report's ledger.

use std::collections::BTreeMap;

use cosmwasm_std::{Addr, Uint128};
use lyceum_agent::View;
use lyceum_agent::view::is_over;
use lyceum_api::datasets::{self, Status};
use lyceum_api::tasks::{ClaimStatus, TaskStatus};
use lyceum_api::{nodes, rewards};
use lyceum_chain::{BlockEvents, Chain};

use super::collect::attribute;
use crate::report::facts::{AccountFacts, Facts, TreasuryFacts};

/// Somebody whose account is kept.
#[derive(Debug, Clone)]
pub struct Person {
    /// The name in the report.
    pub name: String,
    /// The account.
    pub account: Addr,
    /// Coins and stake when the network came up, ulyc.
    pub start: u128,
    /// Whether it is registered as a node, and so may have stake.
    pub is_node: bool,
}

/// Why there are no facts yet.
#[derive(Debug, thiserror::Error)]
#[error(
    "{what} {id} is still open: what a contract holds for it is nobody's yet, so accounts cannot be closed"
)]
pub struct StillOpen {
    what: &'static str,
    id: u64,
}

/// Asks the chain for all of it. `heights` are the events of the whole run.
pub async fn facts<C: Chain>(
    chain: &C,
    people: &[Person],
    view: &View,
    heights: &[BlockEvents],
) -> anyhow::Result<Facts> {
    let at = chain.contracts();
    let trail = Trail::read(chain).await?;
    let mut accounts = BTreeMap::new();
    let mut shares = 0;
    for person in people {
        let account = person.account.to_string();
        let query = rewards::QueryMsg::Claimable { account: account.clone(), limit: None };
        let claimable: rewards::ClaimableResponse = chain.query(&at.rewards, &query).await?;
        let mut stake = Uint128::zero();
        if person.is_node {
            let node: nodes::NodeResponse =
                chain.query(&at.nodes, &nodes::QueryMsg::Node { node: account.clone() }).await?;
            stake = node.own + node.unbonding;
        }
        let of = |amounts: &BTreeMap<String, u128>| amounts.get(&account).copied().unwrap_or_default();
        let facts = AccountFacts {
            name: person.name.clone(),
            start: person.start,
            wallet: chain.balance(&person.account).await?,
            stake: stake.u128(),
            to_pull: claimable.amount.u128(),
            pulled: of(&trail.pulled),
            credited: trail.credited.get(&account).cloned().unwrap_or_default(),
            granted: of(&trail.granted),
            ..AccountFacts::default()
        };
        // One share of each of four pools in each learning block.
        shares += 4 * u128::from(view.learning.number);
        accounts.insert(account, facts);
    }
    put_down(chain, view, heights, &mut accounts).await?;
    let slashed = format!("wasm-{}", nodes::events::SLASHED);
    for tx in heights.iter().flat_map(|h| &h.txs) {
        if let Some(sender) = accounts.get_mut(tx.sender.as_str()) {
            sender.network_fees += tx.fee;
        }
        for event in tx.events.iter().filter(|e| e.ty == slashed) {
            let amount = attribute(event, "amount").and_then(|a| a.parse::<u128>().ok());
            if let (Some(node), Some(amount)) = (attribute(event, "node"), amount)
                && let Some(node) = accounts.get_mut(node)
            {
                node.slashed += amount;
            }
        }
    }
    let treasury: rewards::TreasuryResponse =
        chain.query(&at.rewards, &rewards::QueryMsg::Treasury {}).await?;
    let treasury =
        TreasuryFacts { accrued: treasury.accrued.u128(), free: treasury.free.u128(), ..trail.treasury };
    let in_order = people.iter().filter_map(|p| accounts.remove(p.account.as_str())).collect();
    Ok(Facts { accounts: in_order, treasury, shares })
}

/// Bonds, fees and deposits that went into contracts, and which of them a contract sent back itself.
async fn put_down<C: Chain>(
    chain: &C,
    view: &View,
    heights: &[BlockEvents],
    accounts: &mut BTreeMap<String, AccountFacts>,
) -> anyhow::Result<()> {
    for claim in view.claims.values() {
        if !is_over(&claim.status) {
            return Err(StillOpen { what: "claim", id: claim.id }.into());
        }
        let Some(trainer) = accounts.get_mut(claim.trainer.as_str()) else { continue };
        trainer.bonds += claim.bond.u128();
        trainer.claim_fees += claim.fee.u128();
        if matches!(claim.status, ClaimStatus::Fraud { .. } | ClaimStatus::Forfeited {}) {
            trainer.bonds_forfeited += claim.bond.u128();
        }
    }
    let params = &view.config.params;
    for (id, task) in &view.tasks {
        if task.status == TaskStatus::Open {
            return Err(StillOpen { what: "task", id: *id }.into());
        }
        let Some(opener) = accounts.get_mut(task.opener.as_str()) else { continue };
        // Beside the deposit, a reserve of one fee for every claim that it may have.
        opener.deposits += params.opener_deposit.u128() + task.fee.u128() * u128::from(task.task.max_claims);
    }
    let config: datasets::ConfigResponse =
        chain.query(&chain.contracts().datasets, &datasets::QueryMsg::Config {}).await?;
    let events = || heights.iter().flat_map(|h| &h.txs).flat_map(|t| &t.events);
    for (id, dataset) in &view.datasets {
        let text = id.to_string();
        let sent_back = match &dataset.status {
            Status::Approved { .. } => true,
            Status::Rejected { .. } => events().any(|e| {
                e.ty == "wasm-datasets_rejected"
                    && attribute(e, "dataset") == Some(&text)
                    && attribute(e, "returned") == Some("true")
            }),
            _ => return Err(StillOpen { what: "dataset", id: *id }.into()),
        };
        let Some(proposer) = accounts.get_mut(dataset.proposer.as_str()) else { continue };
        proposer.deposits += config.params.deposit.u128();
        if sent_back {
            proposer.deposits_sent_back += config.params.deposit.u128();
        }
    }
    for event in events().filter(|e| e.ty == "wasm-tasks_challenge_committed") {
        if let Some(challenger) = attribute(event, "challenger").and_then(|c| accounts.get_mut(c)) {
            challenger.deposits += params.challenge_deposit.u128();
        }
    }
    Ok(())
}

/// The audit trail of `rewards`, from its first entry on, by account and by source.
#[derive(Default)]
struct Trail {
    credited: BTreeMap<String, BTreeMap<String, u128>>,
    pulled: BTreeMap<String, u128>,
    granted: BTreeMap<String, u128>,
    treasury: TreasuryFacts,
}

impl Trail {
    async fn read<C: Chain>(chain: &C) -> anyhow::Result<Self> {
        let at = chain.contracts();
        let (mut out, mut start_after) = (Self::default(), None);
        loop {
            let query = rewards::QueryMsg::Trail { start_after, limit: None };
            let page: rewards::TrailResponse = chain.query(&at.rewards, &query).await?;
            let Some(last) = page.entries.last() else { return Ok(out) };
            start_after = Some(last.id);
            for entry in page.entries {
                let amount = entry.amount.u128();
                let account = entry.account.to_string();
                let treasury = &mut out.treasury;
                match (entry.kind.as_str(), entry.detail.as_str()) {
                    ("deposit" | "fund", "treasury" | "fund" | "genesis") => match &entry.account {
                        from if *from == at.nodes => treasury.from_nodes += amount,
                        from if *from == at.tasks => treasury.from_tasks += amount,
                        from if *from == at.datasets => treasury.from_datasets += amount,
                        _ => treasury.funded += amount,
                    },
                    ("deposit", reason) => {
                        treasury.credited += amount;
                        let credited = out.credited.entry(account).or_default();
                        *credited.entry(reason.to_owned()).or_default() += amount;
                    }
                    ("emission", _) => treasury.emission += amount,
                    ("grant", _) => {
                        treasury.granted += amount;
                        *out.granted.entry(account).or_default() += amount;
                    }
                    // What delegators share leaves through `nodes`: it is no account's own.
                    ("share", _) => treasury.pulled += amount,
                    ("claim", _) => {
                        treasury.pulled += amount;
                        *out.pulled.entry(account).or_default() += amount;
                    }
                    (kind, _) => anyhow::bail!("the audit trail of `rewards` has an unknown entry {kind:?}"),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use lyceum_agent::Views;
    use lyceum_api::Hash32;
    use lyceum_api::datasets::{AuditReport, Shard};
    use lyceum_api::nodes::Role;
    use lyceum_api::tasks::{ExecuteMsg, TaskShard};
    use lyceum_chain::embedded::lyceum_testing::{
        self, Claimed, Ledger, NetworkApp, NetworkError, Tx, cw_multi_test::AppResponse,
    };
    use lyceum_chain::embedded::{LYC, Network, start};
    use lyceum_chain::{Head, TxEvents};

    use super::*;
    use crate::report::balance::{Unbalanced, balance};
    use crate::report::ledger::Ledger as Accounts;

    /// The App, with every event and every coin that was minted.
    struct Recording {
        app: NetworkApp,
        minted: BTreeMap<Addr, u128>,
        heights: Vec<BlockEvents>,
    }

    impl Ledger for Recording {
        fn account(&self, name: &str) -> Addr {
            self.app.account(name)
        }
        fn fund(&mut self, account: &Addr, amount: u128) -> Result<(), NetworkError> {
            *self.minted.entry(account.clone()).or_default() += amount;
            self.app.fund(account, amount)
        }
        fn balance(&self, account: &Addr) -> Result<u128, NetworkError> {
            Ledger::balance(&self.app, account)
        }
        fn block(&self) -> cosmwasm_std::BlockInfo {
            self.app.block()
        }
        fn advance(&mut self, seconds: u64, block_seconds: u64) {
            self.app.advance(seconds, block_seconds);
        }
        fn execute_tx(&mut self, sender: &Addr, tx: Vec<Tx>) -> Result<Vec<AppResponse>, NetworkError> {
            let responses = self.app.execute_tx(sender, tx)?;
            let block = self.app.block();
            let head = Head { height: block.height, time: block.time.seconds() };
            let events = responses.iter().flat_map(|r| r.events.clone()).collect();
            let txs = vec![TxEvents { sender: sender.clone(), events, fee: 0 }];
            self.heights.push(BlockEvents { head, txs });
            Ok(responses)
        }
        fn ask(
            &self,
            contract: &Addr,
            msg: cosmwasm_std::Binary,
        ) -> Result<cosmwasm_std::Binary, NetworkError> {
            self.app.ask(contract, msg)
        }
    }

    type World = lyceum_testing::Network<Recording>;

    const PEOPLE: [&str; 8] =
        ["best", "second", "forger", "lost", "silent", "vain", "contributor", "spammer"];
    const GAIN: i64 = 3_000_000;

    fn judged(world: &mut World, claim: &Claimed) -> anyhow::Result<()> {
        world.judge_claim(claim, |_, _, _| {})?;
        Ok(())
    }

    /// Claims of every fate on one task, a rejected dataset, a sealed learning block; half of the people have pulled.
    fn story(world: &mut World) -> anyhow::Result<()> {
        let crew = world.staff()?;
        let model = world.register_model("moe", 4)?;
        let domain = world.register_domain(Network::new_domain("prose", model, 1))?;
        let shard = |name: &str| Shard { root: Hash32::of(name.as_bytes()), bytes: 1_000_000 };
        let dataset = world.pass_dataset("books", &[shard("good")])?;
        let spammer = world.account("spammer");
        let spam = world.propose_dataset(&spammer, "spam", &[shard("bad")])?;
        world.audit_dataset(spam, &AuditReport { licence_ok: false, ..Network::clean_audit() })?;

        let shards = vec![TaskShard { dataset, root: shard("good").root }];
        let mut task = Network::new_task(domain, 1, shards);
        task.max_claims = 6;
        let task = world.open_task(&crew.coordinator, task)?;
        let mut take = |name: &str, gain| -> anyhow::Result<Claimed> {
            let trainer = world.bond_node(name, 100_000 * LYC, &[Role::Trainer])?;
            world.take_task(&trainer, task, gain)
        };
        let (best, second) = (take("best", GAIN)?, take("second", GAIN - 1_000_000)?);
        let mut forger = take("forger", 2 * GAIN)?;
        let (lost, silent, vain) = (take("lost", GAIN)?, take("silent", GAIN)?, take("vain", 0)?);
        forger.run = forger.run.forged(|_, change| change.iter_mut().for_each(|c| *c /= 2));
        for claim in [&best, &second, &forger, &silent, &vain] {
            world.commit_claim(claim)?;
        }
        world.wait_for_commits(task)?;
        for claim in [&best, &second, &forger, &vain] {
            world.reveal_claim(claim)?;
        }
        world.unseal(task)?;
        world.travel(600);
        let (anyone, tasks) = (world.account("anyone"), world.at.tasks.clone());
        for claim in [lost.id, silent.id] {
            world.execute(&anyone, &tasks, &ExecuteMsg::Expire { claim }, 0)?;
        }
        for claim in [&best, &second, &forger, &vain] {
            judged(world, claim)?;
        }
        world.travel(3_600);
        world.finalize_task(task)?;
        world.seal_learning_block()?;
        for name in ["best", "vain", "evaluator-0", "evaluator-1", "evaluator-2"] {
            let account = world.account(name);
            if !world.claimable(&account)?.amount.is_zero() {
                world.claim_rewards(&account)?;
            }
        }
        Ok(())
    }

    /// Lives the story and closes its accounts.
    async fn closed() -> (Facts, BTreeMap<String, u128>) {
        let (handles, (people, heights)) = start(|| {
            let Network { app, at, beacon, authority, block_seconds, .. } = Network::new()?;
            let app = Recording { app, minted: BTreeMap::new(), heights: vec![] };
            let mut world = World::over(app, at, beacon, authority, block_seconds);
            story(&mut world)?;
            let crew = (0..20).map(|i| format!("evaluator-{i}")).chain((0..4).map(|i| format!("owner-{i}")));
            let names = PEOPLE.map(str::to_owned).into_iter().chain(crew).chain(["coordinator".to_owned()]);
            let people: Vec<Person> = names
                .map(|name| {
                    let account = world.account(&name);
                    let start = world.app.minted.get(&account).copied().unwrap_or_default();
                    let is_node = !["contributor", "spammer"].contains(&name.as_str());
                    Person { name, account, start, is_node }
                })
                .collect();
            let World { app, at, beacon, authority, block_seconds, .. } = world;
            let network = Network::over(app.app, at, beacon, authority, block_seconds);
            Ok((network, vec![people[0].account.clone()], (people, app.heights)))
        })
        .unwrap();
        let chain = &handles[0];
        let view = Views::new().at(chain, chain.head().await.unwrap()).await.unwrap();
        let facts = facts(chain, &people, &view, &heights).await.unwrap();
        let bonds = view.claims.values().map(|c| (c.trainer.clone(), c.bond.u128()));
        let name = |account: &Addr| people.iter().find(|p| p.account == *account).unwrap().name.clone();
        (facts, bonds.map(|(trainer, bond)| (name(&trainer), bond)).collect())
    }

    fn of<'a>(ledger: &'a Accounts, name: &str) -> &'a crate::report::ledger::Account {
        ledger.accounts.iter().find(|a| a.name == name).unwrap()
    }

    #[tokio::test]
    async fn the_books_of_a_whole_network_balance_and_each_fate_has_its_price() {
        let (facts, bonds) = closed().await;
        let ledger = balance(&facts).unwrap_or_else(|e| panic!("{e}"));
        let bond = |name: &str| bonds[name] as u64;

        let best = of(&ledger, "best");
        assert!(best.earned.emission > 0 && best.lost.total() == 0);
        assert_eq!((best.put_down, best.returned), (bond("best"), bond("best")), "no income");
        for name in ["second", "vain", "lost"] {
            let account = of(&ledger, name);
            assert_eq!(
                (account.earned.total(), account.lost.total()),
                (0, 0),
                "{name} earned and lost nothing"
            );
            assert_eq!(account.returned, bond(name), "{name}");
            assert_eq!(account.end, account.start - account.fees.claims, "{name} paid its fee");
        }
        let forger = of(&ledger, "forger");
        assert_eq!((forger.lost.bonds, forger.returned), (bond("forger"), 0));
        assert!(forger.lost.stake > 0);
        let silent = of(&ledger, "silent");
        assert_eq!((silent.lost.bonds, silent.lost.stake), (bond("silent"), 0));
        let (contributor, spammer) = (of(&ledger, "contributor"), of(&ledger, "spammer"));
        assert_eq!(contributor.lost.deposits, 0);
        assert!(contributor.earned.emission > 0, "its data was learned from");
        assert_eq!((spammer.lost.deposits, spammer.end), (spammer.put_down, 0));

        let totals = &ledger.totals;
        assert_eq!(ledger.treasury.from_datasets, spammer.put_down);
        assert!(totals.earned.committee_fees > 0 && totals.earned.dispute_fees > 0);
        assert!(totals.to_pull > 0, "some have not pulled");
        assert!(totals.pulled > totals.earned.emission, "what was pulled is no measure of what was earned");
    }

    #[tokio::test]
    async fn a_report_whose_books_miss_an_account_is_refused() {
        let (mut facts, _) = closed().await;
        facts.accounts.retain(|a| a.name != "forger");
        let error = balance(&facts).unwrap_err();
        assert!(matches!(error, Unbalanced::Differs { .. }), "{error}");
    }
}
