//! Whatever happens: seeded dice choose who does what, honest or not, in time or not, refused or not; after every
//! throw the books balance, and in the end everything is paid out.

use std::collections::BTreeMap;

use lyceum_testing::anyhow::{Context, Result, bail};
use lyceum_testing::api::attestation::Attestation;
use lyceum_testing::api::canonical::commitment;
use lyceum_testing::api::claim::{CHALLENGE_COMMIT, challenge_content};
use lyceum_testing::api::nodes::ExecuteMsg as Nodes;
use lyceum_testing::api::rewards::ExecuteMsg as Rewards;
use lyceum_testing::api::tasks::{ClaimStatus, ExecuteMsg, PanelResponse, PanelStatus, TaskStatus};
use lyceum_testing::cosmwasm_std::{Addr, Uint128};
use lyceum_testing::made_up::Forgery;
use lyceum_testing::{Claimed, LYC, NetworkError};

use crate::books::Books;
use crate::dice::Dice;

const SALT: [u8; 16] = [5; 16];
const DEPOSIT: u128 = 50 * LYC;
/// Seeds that are played, and throws of each. (120 seeds take three minutes; they passed.)
const SEEDS: u64 = 6;
const THROWS: u32 = 400;

const FORGERIES: [Forgery; 3] = [
    |_, change| change.iter_mut().for_each(|c| *c /= 2),
    |interval, change| {
        if interval % 60 == 33 {
            change[..32].iter_mut().for_each(|w| *w *= 90);
        }
    },
    |interval, change| {
        if interval == 115 {
            change[40] = 0;
        }
    },
];

struct Play {
    books: Books,
    dice: Dice,
    trainers: Vec<Addr>,
    tasks: Vec<u64>,
    claims: Vec<Claimed>,
    /// Challenges to reveal: their place in the books, and who made them on which interval.
    secrets: Vec<(usize, Addr, Claimed, u32)>,
    /// What seats committed to and have not revealed.
    answers: BTreeMap<(u64, Addr), Attestation>,
    /// How often something was done rather than refused.
    done: u32,
}

/// A refusal is an answer; anything else is a fault of the test.
fn tried(result: Result<()>) -> Result<bool> {
    match result {
        Ok(()) => Ok(true),
        Err(error) if matches!(error.downcast_ref(), Some(NetworkError::Refused { .. })) => Ok(false),
        Err(error) => Err(error),
    }
}

impl Play {
    fn new(seed: u64) -> Result<Self> {
        let mut books = Books::open()?;
        let trainers = (0..5).map(|i| books.trainer(&format!("trainer {i}"))).collect::<Result<_>>()?;
        let dice = Dice(seed);
        Ok(Self {
            books,
            dice,
            trainers,
            tasks: vec![],
            claims: vec![],
            secrets: vec![],
            answers: BTreeMap::new(),
            done: 0,
        })
    }

    fn throw(&mut self) -> Result<()> {
        let done = match self.dice.roll(22) {
            0 => tried(self.open_task())?,
            1..=3 => tried(self.take())?,
            4 if !self.claims.is_empty() => tried(self.challenge())?,
            5 => tried(self.reveal_challenge())?,
            6 => tried(self.move_stake())?,
            7 => tried(self.pull())?,
            8 => tried(self.check_heads())?,
            9 => {
                let paused = self.dice.one_in(8);
                tried(self.books.pause(paused))?
            }
            10 => {
                let seconds = 1 + self.dice.roll(3_000);
                self.books.network.travel(seconds);
                true
            }
            11 => tried(self.end_something())?,
            12 | 13 => tried(self.delegate())?,
            _ => self.go_on()?,
        };
        self.done += u32::from(done);
        Ok(())
    }

    fn open_task(&mut self) -> Result<()> {
        let (domain, at) = (1 + self.dice.roll(3), self.dice.roll(8) as usize);
        let (claims, seconds) = (1 + self.dice.roll(3) as u32, 600 + self.dice.roll(7_200));
        let task = self.books.task(domain, at, claims, seconds)?;
        self.tasks.push(task);
        Ok(())
    }

    fn take(&mut self) -> Result<()> {
        // Older tasks are over.
        let recent = self.tasks.len().saturating_sub(2);
        let task = self.dice.pick(&self.tasks[recent..]);
        let (Some(trainer), Some(task)) = (self.dice.pick(&self.trainers), task) else { return Ok(()) };
        let gain = self.dice.roll(5_000_000) as i64 - 1_000_000;
        let mut claim = self.books.network.take_task(&trainer, task, gain)?;
        if self.dice.one_in(3)
            && let Some(forgery) = self.dice.pick(&FORGERIES)
        {
            claim.run = claim.run.forged(forgery);
        }
        self.claims.push(claim);
        Ok(())
    }

    fn challenge(&mut self) -> Result<()> {
        let Some(claim) = self.dice.pick(&self.claims) else { return Ok(()) };
        let who = self.books.person(&format!("challenger {}", self.dice.roll(4)));
        let interval = if self.dice.one_in(2) { 115 } else { self.dice.roll(200) as u32 };
        let tasks = self.books.network.at.tasks.clone();
        let chain = self.books.network.app.block_info().chain_id;
        let content = challenge_content(claim.id, interval);
        let (id, by) = (claim.id, who.as_str());
        let commit = commitment(CHALLENGE_COMMIT, &chain, tasks.as_str(), id, by, &content, &SALT);
        self.books.network.fund(&who, DEPOSIT)?;
        let msg = ExecuteMsg::Challenge { claim: claim.id, commit };
        self.books.network.execute(&who, &tasks, &msg, DEPOSIT)?;
        self.secrets.push((self.books.challenges.len(), who, claim.clone(), interval));
        self.books.challenges.push((claim.id, DEPOSIT, None));
        Ok(())
    }

    fn reveal_challenge(&mut self) -> Result<()> {
        let Some((at, who, claim, interval)) = self.dice.pick(&self.secrets) else { return Ok(()) };
        let tasks = self.books.network.at.tasks.clone();
        let msg = ExecuteMsg::RevealChallenge { claim: claim.id, interval, salt: SALT.to_vec().into() };
        self.books.network.execute(&who, &tasks, &msg, 0)?;
        self.books.challenges[at].2 = Some(interval);
        Ok(())
    }

    fn move_stake(&mut self) -> Result<()> {
        let all: Vec<Addr> = self.trainers.iter().chain(&self.books.crew.evaluators).cloned().collect();
        let Some(node) = self.dice.pick(&all) else { return Ok(()) };
        let amount = u128::from(1 + self.dice.roll(300)) * LYC;
        let contract = self.books.network.at.nodes.clone();
        let msg = match self.dice.roll(5) {
            0 => return self.books.network.bond(&node, amount),
            1 => Nodes::Unbond { amount: Uint128::new(amount) },
            2 => Nodes::ClaimUnbonded {},
            3 => Nodes::Mature { node: node.to_string() },
            _ => Nodes::Unjail {},
        };
        self.books.network.execute(&node, &contract, &msg, 0)?;
        Ok(())
    }

    /// Other people's stake and its rewards.
    fn delegate(&mut self) -> Result<()> {
        let who = self.books.person(&format!("delegator {}", self.dice.roll(3)));
        let (Some(from), Some(to)) = (self.dice.pick(&self.trainers), self.dice.pick(&self.trainers)) else {
            return Ok(());
        };
        let amount = u128::from(1 + self.dice.roll(3_000)) * LYC;
        let (node, amount_of) = (from.to_string(), Uint128::new(amount));
        let msg = match self.dice.roll(7) {
            0 | 1 => return self.books.network.delegate(&who, &from, amount),
            2 => return self.books.network.share(&from),
            3 => Nodes::Undelegate { node, amount: amount_of },
            4 => Nodes::Redelegate { from: node, to: to.to_string(), amount: amount_of },
            5 => Nodes::Settle { node, delegator: who.to_string() },
            _ => Nodes::ClaimUndelegated { node },
        };
        let contract = self.books.network.at.nodes.clone();
        self.books.network.execute(&who, &contract, &msg, 0)?;
        Ok(())
    }

    fn pull(&mut self) -> Result<()> {
        let people: Vec<Addr> = self.books.people.iter().cloned().collect();
        let Some(account) = self.dice.pick(&people) else { return Ok(()) };
        let contract = self.books.network.at.rewards.clone();
        self.books.network.execute(&account, &contract, &Rewards::Claim { limit: Some(1) }, 0)?;
        Ok(())
    }

    fn check_heads(&mut self) -> Result<()> {
        match (self.books.learning_block()?.panel, self.claims.first().cloned()) {
            (Some(panel), Some(any)) => self.sit(&any, panel),
            _ => self.books.anyone(&ExecuteMsg::CheckHeads {}),
        }
    }

    /// Something that anyone may say is over.
    fn end_something(&mut self) -> Result<()> {
        let Some(task) = self.dice.pick(&self.tasks) else { return Ok(()) };
        match (self.dice.roll(3), self.dice.pick(&self.claims)) {
            (0, Some(claim)) => self.books.anyone(&ExecuteMsg::Expire { claim: claim.id }),
            (1, _) => self.books.anyone(&ExecuteMsg::VoidTask { task }),
            _ => self.books.anyone(&ExecuteMsg::Finalize { task }),
        }
    }

    /// Takes some claim a step further, mostly as it should be.
    fn go_on(&mut self) -> Result<bool> {
        let mut open = vec![];
        for claim in &self.claims {
            if !self.has_ended(claim)? {
                open.push(claim.clone());
            }
        }
        let Some(claim) = self.dice.pick(&open) else { return Ok(false) };
        if self.dice.one_in(12) {
            return Ok(false); // and time passes, perhaps too much of it
        }
        tried(self.step(&claim))
    }

    fn has_ended(&self, claim: &Claimed) -> Result<bool> {
        use ClaimStatus::*;
        let status = self.books.status(claim)?;
        Ok(!matches!(
            status,
            Taken {} | Committed {} | Revealed {} | Bisecting { .. } | Disputed { .. } | Settled { .. }
        ))
    }

    fn step(&mut self, claim: &Claimed) -> Result<()> {
        let (info, task) = (self.books.network.claim(claim.id)?, self.books.network.task(claim.task)?);
        match info.status {
            ClaimStatus::Taken {} => self.books.network.commit_claim(claim),
            ClaimStatus::Committed {} => {
                self.books.network.wait_for_commits(claim.task)?;
                if self.dice.one_in(8) {
                    self.books.network.travel_past(task.reveal_until);
                }
                self.books.network.reveal_claim(claim)?;
                if task.key.is_none() && !self.dice.one_in(8) {
                    self.books.network.unseal(claim.task)?;
                }
                Ok(())
            }
            ClaimStatus::Revealed {} | ClaimStatus::Disputed { .. } => {
                let open =
                    |p: &u64| self.books.network.panel(*p).is_ok_and(|p| p.status != PanelStatus::Closed {});
                let panel = info.panels.iter().copied().find(open).context("an open panel")?;
                self.sit(claim, panel)
            }
            ClaimStatus::Bisecting { from, to, .. } => self.books.network.open_span(claim, from, to),
            ClaimStatus::Settled { .. } => {
                self.books.network.wait_for_disputes(claim.id)?;
                self.books.anyone(&ExecuteMsg::Finalize { task: claim.task })
            }
            _ => Ok(()),
        }
    }

    /// What a seat says: mostly the truth.
    fn says(&mut self, info: &PanelResponse, seat: &Addr, claim: &Claimed) -> Result<Attestation> {
        let mut said = self.books.network.honest_attestation(info, seat, &claim.run)?;
        match self.dice.roll(20) {
            0 => said.intervals.iter_mut().for_each(|seen| *seen = claim.run.lazily_seen(seen.interval)),
            1 => said.intervals.iter_mut().for_each(|seen| *seen = claim.run.claimed(seen.interval)),
            2 if info.claim.is_some() => {
                (said.sound, said.scored) = (false, None);
                said.intervals.clear();
            }
            3 => said.scored.iter_mut().for_each(|scored| scored.gain += 10_000_000),
            4 => said.scored.iter_mut().flat_map(|s| &mut s.guards).for_each(|g| g.score *= 2),
            _ => {}
        }
        Ok(said)
    }

    /// Takes a panel from wherever it is as far as it goes; some seats sleep, err or lie.
    fn sit(&mut self, claim: &Claimed, panel: u64) -> Result<()> {
        if self.books.network.panel(panel)?.status == (PanelStatus::Pending {}) {
            self.books.network.draw_panel(panel)?;
        }
        if matches!(self.books.network.panel(panel)?.status, PanelStatus::Serving { .. }) {
            self.books.network.serve_panel(claim, panel)?;
        }
        let info = self.books.network.panel(panel)?;
        if let PanelStatus::Committing { until } = info.status {
            for seat in info.seats.iter().filter(|s| s.commit.is_none()) {
                let said = self.says(&info, &seat.node, claim)?;
                if self.dice.one_in(20) {
                    continue;
                }
                self.books.network.commit_attestation(panel, &seat.node, &said)?;
                self.answers.insert((panel, seat.node.clone()), said);
            }
            if self.books.network.panel(panel)?.seats.iter().any(|s| s.commit.is_none()) {
                self.books.network.travel_past(until);
            }
        }
        for seat in info.seats {
            let Some(said) = self.answers.remove(&(panel, seat.node.clone())) else { continue };
            if !self.dice.one_in(20) {
                tried(self.books.network.reveal_attestation(panel, &seat.node, said))?;
            }
        }
        if info.opening.is_some() && !self.books.network.panel(panel)?.opened {
            self.books.network.open_sketches(claim, panel)?;
        }
        if let PanelStatus::Revealing { until } = self.books.network.panel(panel)?.status
            && !tried(self.books.anyone(&ExecuteMsg::Settle { panel }))?
        {
            self.books.network.travel_past(until);
            self.books.anyone(&ExecuteMsg::Settle { panel })?;
        }
        Ok(())
    }

    /// Lets everything that was begun come to its end.
    fn come_to_an_end(&mut self) -> Result<()> {
        self.books.pause(false)?;
        for _ in 0..200 {
            for claim in self.claims.clone() {
                if !self.has_ended(&claim)? {
                    tried(self.step(&claim))?;
                    tried(self.books.anyone(&ExecuteMsg::Expire { claim: claim.id }))?;
                }
            }
            let mut open = false;
            for task in self.tasks.clone() {
                if self.books.network.task(task)?.status == TaskStatus::Open {
                    tried(self.books.anyone(&ExecuteMsg::VoidTask { task }))?;
                    tried(self.books.anyone(&ExecuteMsg::Finalize { task }))?;
                    open |= self.books.network.task(task)?.status == TaskStatus::Open;
                }
            }
            self.books.check()?;
            if !open {
                return Ok(());
            }
            self.books.network.travel(600);
        }
        bail!(
            "something never ends: {:?}",
            self.books.claims()?.into_iter().map(|c| c.status).collect::<Vec<_>>()
        )
    }
}

/// Plays a seed and gives how the claims ended.
fn play(seed: u64, throws: u32) -> Result<BTreeMap<&'static str, u32>> {
    let mut play = Play::new(seed)?;
    for i in 0..throws {
        play.throw().with_context(|| format!("seed {seed}, throw {i}"))?;
        play.books.check().with_context(|| format!("seed {seed}, after throw {i}"))?;
    }
    play.come_to_an_end().with_context(|| format!("seed {seed}, at the end"))?;
    assert_eq!(play.books.network.balance(&play.books.network.at.tasks)?, 0, "seed {seed}");
    let contract = play.books.network.at.rewards.clone();
    for account in play.books.people.clone() {
        let pull = Rewards::Claim { limit: None };
        tried(play.books.network.execute(&account, &contract, &pull, 0).map(drop))?;
    }
    play.books.check()?;
    play.books.check_trail()?;
    assert!(play.books.treasury()?.accrued.is_zero(), "seed {seed}");
    assert!(play.done > throws / 8, "seed {seed}: of {throws} only {} did something", play.done);
    let mut ends = BTreeMap::new();
    for claim in play.books.claims()? {
        let end = match claim.status {
            ClaimStatus::Accepted {} => "accepted",
            ClaimStatus::Outbid {} => "outbid",
            ClaimStatus::Rejected { .. } => "rejected",
            ClaimStatus::Fraud { .. } => "fraud",
            ClaimStatus::Lost {} => "lost",
            ClaimStatus::Forfeited {} => "forfeited",
            ClaimStatus::Void {} => "void",
            other => bail!("seed {seed}: claim {} is {other:?}", claim.id),
        };
        *ends.entry(end).or_default() += 1;
    }
    if play.books.learning_block()?.number > 0 {
        ends.insert("sealed", play.books.learning_block()?.number as u32);
    }
    Ok(ends)
}

#[test]
fn whatever_the_dice_say_the_books_balance_and_everything_comes_to_its_end() -> Result<()> {
    let mut ends = BTreeMap::new();
    for seed in 1..=SEEDS {
        for (end, count) in play(seed, THROWS)? {
            *ends.entry(end).or_insert(0) += count;
        }
    }
    // The dice have seen the ways in which claims end, and learning blocks.
    for end in ["accepted", "forfeited", "fraud", "lost", "rejected", "sealed", "void"] {
        assert!(ends.contains_key(end), "none was {end}: {ends:?}");
    }
    Ok(())
}
