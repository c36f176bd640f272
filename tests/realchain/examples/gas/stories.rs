//! Stories that bring every message a wallet or a node can send, each in a state in which it is executed.

use anyhow::{Context, Result, bail};
use cosmwasm_std::Addr;
use lyceum_api::canonical::{Encoder, commitment};
use lyceum_api::charter::{self, Action, Rule};
use lyceum_api::claim::{CHALLENGE_COMMIT, challenge_content};
use lyceum_api::datasets::{self, Shard, Status};
use lyceum_api::nodes::{self, Role};
use lyceum_api::tasks::{ClaimStatus, ExecuteMsg, OpenLearningBlockResponse, PanelStatus, QueryMsg};
use lyceum_api::{Hash32, rewards};
use lyceum_testing::{Claimed, LYC, Network};

use crate::base::{World, shard};

const GAIN: i64 = 3_000_000;
const SALT: [u8; 16] = [9; 16];

/// A story: it may end in an error when its message was found.
pub type Story = fn(&mut World) -> Result<()>;

/// Every story.
pub const STORIES: [Story; 8] = [charter, nodes, dataset, claim, challenged, jumping, unavailable, lost];

fn charter(w: &mut World) -> Result<()> {
    let (chair, contract) = (w.network.authority.clone(), w.network.at.charter.clone());
    let pact = Hash32::of(b"another pact");
    let rule = |i| Rule { action: format!("action_{i}"), limits: vec![] };
    let rules = (0..4).map(rule).collect();
    w.network.execute(&chair, &contract, &charter::ExecuteMsg::SetRules { rules }, 0)?;
    w.network.execute(&chair, &contract, &charter::ExecuteMsg::ProposePact { pact }, 0)?;
    let acknowledge = charter::ExecuteMsg::Acknowledge { pact };
    let crew = w.facts.crew.clone();
    w.network.execute(&crew.coordinator, &contract, &acknowledge, 0)?;
    w.quietly(|w| {
        let mut all: Vec<Addr> = crew.owners.into_iter().chain(crew.evaluators).collect();
        let more = ["best", "second", "forger", "lost", "early", "sleeper"].map(str::to_owned);
        all.extend(w.facts.fillers.iter().chain(&more).map(|name| w.network.account(name)));
        for node in all {
            if w.network.node(&node)?.active {
                w.network.execute(&node, &contract, &acknowledge, 0)?;
            }
        }
        Ok(())
    })?;
    let anyone = w.network.account("anyone");
    w.network.execute(&anyone, &contract, &charter::ExecuteMsg::AdoptPact {}, 0)?;
    w.network.act(Action::SetNodes { params: nodes::Params::default() })?;
    w.network.act(Action::SetDatasets { params: datasets::Params::default() })?;
    w.network.act(Action::SetTasks { params: lyceum_api::tasks::Params::default() })?;
    w.network.register_model("another", 4)?;
    w.network.register_domain(Network::new_domain("another", w.facts.model, 3))?;
    let (to, reason) = (anyone.to_string(), "a grant".to_owned());
    w.network.act(Action::Grant { to, amount: LYC.into(), reason })?;
    let next = w.network.account("next chair");
    let propose = charter::ExecuteMsg::ProposeAuthority { authority: next.to_string() };
    w.network.execute(&chair, &contract, &propose, 0)?;
    w.network.execute(&next, &contract, &charter::ExecuteMsg::AcceptAuthority {}, 0)?;
    w.network.execute(&next, &contract, &charter::ExecuteMsg::Pause {}, 0)?;
    w.network.execute(&next, &contract, &charter::ExecuteMsg::Resume {}, 0)?;
    Ok(())
}

fn nodes(w: &mut World) -> Result<()> {
    use nodes::ExecuteMsg as Msg;
    let [fresh, early, best, leaver, patron, anyone] =
        ["fresh", "early", "best", "leaver", "patron", "anyone"].map(|name| w.network.account(name));
    let (owner, sleeper) = (w.facts.crew.owners[0].clone(), w.network.account("sleeper"));
    let name = |node: &Addr| node.to_string();
    w.network.register_node("fresh", "fresh", &[Role::Evaluator])?;
    w.nodes(&fresh, &Msg::Bond {}, 2_000 * LYC)?;
    let update = Msg::Update { roles: vec![Role::Storage], classes: vec![], addresses: vec![] };
    w.nodes(&fresh, &update, 0)?;
    w.nodes(&fresh, &Msg::Unbond { amount: LYC.into() }, 0)?;
    w.nodes(&early, &Msg::ClaimUnbonded {}, 0)?;
    w.nodes(&anyone, &Msg::Delegate { node: name(&best) }, 100 * LYC)?;
    w.nodes(&patron, &Msg::Undelegate { node: name(&best), amount: LYC.into() }, 0)?;
    let amount = LYC.into();
    w.nodes(&patron, &Msg::Redelegate { from: name(&best), to: name(&owner), amount }, 0)?;
    let delegator = w.network.account("mover").into_string();
    w.nodes(&anyone, &Msg::Settle { node: name(&early), delegator }, 0)?;
    w.nodes(&leaver, &Msg::ClaimUndelegated { node: name(&sleeper) }, 0)?;
    w.nodes(&best, &Msg::SetCommission { commission: 50 }, 0)?;
    let gpu = w.bind(&owner, "another GPU")?;
    w.nodes(&owner, &Msg::UnbindGpu { gpu }, 0)?;
    let gpu = w.lapsed_gpu()?;
    w.nodes(&anyone, &Msg::LapseGpu { gpu }, 0)?;
    w.network.travel(90_000);
    w.nodes(&anyone, &Msg::Mature { node: name(&fresh) }, 0)
}

fn dataset(w: &mut World) -> Result<()> {
    use datasets::ExecuteMsg as Msg;
    let contributor = w.network.account("contributor");
    let shards: Vec<Shard> = (100..108).map(shard).collect();
    let id = w.network.propose_dataset(&contributor, "more texts", &shards)?;
    w.network.audit_dataset(id, &Network::clean_audit())?;
    let Status::Voting { until, .. } = w.network.dataset(id)?.status else { bail!("no vote on {id}") };
    let vote = Msg::Vote { dataset: id, yes: true };
    let voters = w.facts.fillers.clone();
    w.quietly(|w| {
        voters.iter().try_for_each(|name| {
            let voter = w.network.account(name);
            w.datasets(&voter, &vote, 0)
        })
    })?;
    for owner in w.facts.crew.owners.clone() {
        w.datasets(&owner, &vote, 0)?;
    }
    w.network.travel_past(until);
    let anyone = w.network.account("anyone");
    w.datasets(&anyone, &Msg::CloseVote { dataset: id }, 0)?;
    Ok(())
}

fn open(w: &mut World, domain: u64, at: usize) -> Result<u64> {
    let (coordinator, mut task) = (w.facts.crew.coordinator.clone(), w.new_task(domain, at));
    // The real chain comes up with its clock where this one stopped, and a large state takes a minute: the round's
    // time is one that is still in its window then.
    let out = w.network.time() + task.commit_seconds + 240;
    task.benchmark.round = w.network.beacon.first_round_from(out);
    w.network.open_task(&coordinator, task)
}

fn revealed(w: &mut World, name: &str, change: impl FnOnce(&mut Claimed)) -> Result<Claimed> {
    let (task, trainer) = (open(w, 1, 0)?, w.network.account(name));
    let mut claim = w.network.take_task(&trainer, task, GAIN)?;
    change(&mut claim);
    w.network.commit_claim(&claim)?;
    w.network.wait_for_commits(task)?;
    w.network.reveal_claim(&claim)?;
    w.network.unseal(task)?;
    Ok(claim)
}

fn anyone(w: &mut World, msg: &ExecuteMsg) -> Result<()> {
    let anyone = w.network.account("anyone");
    w.tasks(&anyone, msg, 0)
}

/// A claim's life, the learning block that it seals, and what its people pull.
fn claim(w: &mut World) -> Result<()> {
    let claim = revealed(w, "best", |_| {})?;
    let panel = *w.network.claim(claim.id)?.panels.first().context("a panel")?;
    w.network.run_honest_panel(&claim, panel)?;
    w.network.wait_for_disputes(claim.id)?;
    w.network.finalize_task(claim.task)?;
    anyone(w, &ExecuteMsg::CheckHeads {})?;
    let tasks = w.network.at.tasks.clone();
    let block: OpenLearningBlockResponse = w.network.query(&tasks, &QueryMsg::OpenLearningBlock {})?;
    w.network.run_honest_panel(&claim, block.panel.context("a panel checks the heads")?)?;

    let (contract, anyone) = (w.network.at.rewards.clone(), w.network.account("anyone"));
    w.network.fund(&anyone, LYC)?;
    w.network.execute(&anyone, &contract, &rewards::ExecuteMsg::Fund {}, LYC)?;
    let node = claim.trainer.to_string();
    w.network.execute(
        &anyone,
        &contract,
        &rewards::ExecuteMsg::Share { node: node.clone(), limit: None },
        0,
    )?;
    let evaluator = w.facts.crew.evaluators.iter().find_map(|e| {
        let query = rewards::QueryMsg::Claimable { account: e.to_string(), limit: None };
        let owed: rewards::ClaimableResponse = w.network.query(&contract, &query).ok()?;
        (!owed.amount.is_zero()).then(|| e.clone())
    });
    let evaluator = evaluator.or_else(|| Some(w.network.account("best"))).context("somebody is owed")?;
    w.network.execute(&evaluator, &contract, &rewards::ExecuteMsg::Claim { limit: None }, 0)?;
    let patron = w.network.account("patron");
    w.nodes(&patron, &nodes::ExecuteMsg::ClaimRewards { node }, 0)
}

fn challenged(w: &mut World) -> Result<()> {
    let claim = revealed(w, "second", |_| {})?;
    let verdict = w.network.judge_claim(&claim, |_, _, _| {})?;
    let ClaimStatus::Settled { .. } = verdict else { bail!("{verdict:?}") };
    let (hunter, chain) = (w.network.account("hunter"), w.network.chain_id());
    let content = challenge_content(claim.id, 7);
    let at = w.network.at.tasks.to_string();
    let commit = commitment(CHALLENGE_COMMIT, &chain, &at, claim.id, hunter.as_str(), &content, &SALT);
    w.tasks(&hunter, &ExecuteMsg::Challenge { claim: claim.id, commit }, 50 * LYC)?;
    let salt = SALT.to_vec().into();
    w.tasks(&hunter, &ExecuteMsg::RevealChallenge { claim: claim.id, interval: 7, salt }, 0)
}

fn jumping(w: &mut World) -> Result<()> {
    let claim = revealed(w, "forger", |claim| {
        claim.run = claim.run.clone().forged(|interval, change| {
            if interval == 115 {
                change[..32].iter_mut().for_each(|weight| *weight *= 100);
            }
        });
    })?;
    w.network.judge_claim(&claim, |_, _, _| {}).map(|_| ())
}

/// A tile is asked for on chain; a seat sleeps through another panel and comes back.
fn unavailable(w: &mut World) -> Result<()> {
    let claim = revealed(w, "second", |_| {})?;
    let panel = *w.network.claim(claim.id)?.panels.first().context("a panel")?;
    w.network.draw_panel(panel)?;
    w.network.serve_panel(&claim, panel)?;
    let info = w.network.panel(panel)?;
    // The others do their work; the last never comes.
    let mut said = vec![];
    for seat in &info.seats[..info.seats.len() - 1] {
        let attestation = w.network.honest_attestation(&info, &seat.node, &claim.run)?;
        w.quietly(|w| w.network.commit_attestation(panel, &seat.node, &attestation))?;
        said.push((seat.node.clone(), attestation));
    }
    let asleep = info.seats.last().context("seats")?.node.clone();
    let PanelStatus::Committing { until } = w.network.panel(panel)?.status else {
        bail!("seats do not commit")
    };
    w.network.travel_past(until);
    for (seat, attestation) in said {
        w.quietly(|w| w.network.reveal_attestation(panel, &seat, attestation))?;
    }
    w.quietly(|w| w.network.open_sketches(&claim, panel))?;
    let PanelStatus::Revealing { until } = w.network.panel(panel)?.status else {
        bail!("seats do not reveal")
    };
    w.network.travel_past(until);
    anyone(w, &ExecuteMsg::Settle { panel })?;
    w.network.travel(86_401);
    w.nodes(&asleep, &nodes::ExecuteMsg::Unjail {}, 0)?;

    let claim = revealed(w, "best", |_| {})?;
    let panel = *w.network.claim(claim.id)?.panels.first().context("a panel")?;
    w.network.draw_panel(panel)?;
    w.network.serve_panel(&claim, panel)?;
    let info = w.network.panel(panel)?;
    let (seat, state) = (info.seats[0].node.clone(), info.seats[0].intervals[0]);
    w.tasks(&seat, &ExecuteMsg::ChallengeAvailability { panel, state, tile: 0 }, 0)?;
    // The made-up root of a state is the hash of these few bytes, which are a file of one tile.
    let mut file = Encoder::new("lyceum/testing/made-up", 1);
    let seed = w.network.claim(claim.id)?.seed.context("a seed")?;
    file.hash(&seed).str("tensors").u64(state.into());
    let data = file.finish();
    let (size, data, proof) = (data.len() as u64, data.into(), vec![]);
    w.tasks(&claim.trainer, &ExecuteMsg::AnswerAvailability { panel, state, size, data, proof }, 0)
}

/// A claim that is never committed to, and a benchmark that stays sealed.
fn lost(w: &mut World) -> Result<()> {
    let (task, trainer) = (open(w, 2, 1)?, w.network.account("lost"));
    let claim = w.network.take_task(&trainer, task, GAIN)?;
    w.network.wait_for_commits(task)?;
    w.network.travel(600);
    anyone(w, &ExecuteMsg::Expire { claim: claim.id })?;
    let task = open(w, 3, 2)?;
    let claim = w.network.take_task(&trainer, task, GAIN)?;
    w.network.commit_claim(&claim)?;
    w.network.wait_for_commits(task)?;
    w.network.reveal_claim(&claim)?;
    w.network.travel(600);
    anyone(w, &ExecuteMsg::VoidTask { task })
}
