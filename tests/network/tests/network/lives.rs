//! The story: tasks of three domains, claims of every fate, two learning blocks, everybody paid.

use lyceum_testing::anyhow::Result;
use lyceum_testing::api::nodes::{self, Role};
use lyceum_testing::api::tasks::{ClaimStatus, ExecuteMsg, TaskStatus};
use lyceum_testing::cosmwasm_std::Addr;
use lyceum_testing::{Claimed, LYC};

use crate::books::Books;

const STAKE: u128 = 100_000 * LYC;
const GAIN: i64 = 3_000_000;

impl Books {
    /// A bonded trainer.
    pub fn trainer(&mut self, name: &str) -> Result<Addr> {
        self.person(name);
        self.network.bond_node(name, STAKE, &[Role::Trainer])
    }

    /// A trainer takes a task.
    pub fn take(&mut self, name: &str, task: u64, gain: i64) -> Result<Claimed> {
        let trainer = self.trainer(name)?;
        self.network.take_task(&trainer, task, gain)
    }

    /// Sends to `tasks` as somebody without a part in anything.
    pub fn anyone(&mut self, msg: &ExecuteMsg) -> Result<()> {
        let (sender, contract) = (self.network.account("anyone"), self.network.at.tasks.clone());
        self.network.execute(&sender, &contract, msg, 0)?;
        Ok(())
    }

    /// Where a claim stands.
    pub fn status(&self, claim: &Claimed) -> Result<ClaimStatus> {
        Ok(self.network.claim(claim.id)?.status)
    }
}

#[test]
fn claims_of_every_fate_are_paid_and_no_coin_is_made_or_lost() -> Result<()> {
    let mut books = Books::open()?;
    books.check()?;
    let genesis = books.treasury()?.free.u128();

    // Domain 1: the better of two honest claims wins, a forger is convicted.
    let contest = books.task(1, 0, 3, 86_400)?;
    let best = books.take("best", contest, GAIN)?;
    let second = books.take("second", contest, GAIN - 1_000_000)?;
    let mut forger = books.take("forger", contest, 2 * GAIN)?;
    forger.run = forger.run.forged(|_, change| change.iter_mut().for_each(|c| *c /= 2));
    // Domain 2: one never commits, one never reveals, one gains nothing.
    let losers = books.task(2, 1, 3, 86_400)?;
    let lost = books.take("lost", losers, GAIN)?;
    let forfeited = books.take("forfeited", losers, GAIN)?;
    let vain = books.take("vain", losers, 0)?;
    // Domain 3: the benchmark stays sealed.
    let sealed = books.task(3, 2, 2, 86_400)?;
    let voided = books.take("voided", sealed, GAIN)?;
    books.check()?;

    for claim in [&best, &second, &forger, &forfeited, &vain, &voided] {
        books.network.commit_claim(claim)?;
    }
    books.network.wait_for_commits(sealed)?;
    for claim in [&best, &second, &forger, &vain, &voided] {
        books.network.reveal_claim(claim)?;
    }
    books.network.unseal(contest)?;
    books.network.unseal(losers)?;
    books.check()?;

    books.network.travel(600);
    books.anyone(&ExecuteMsg::Expire { claim: lost.id })?;
    books.anyone(&ExecuteMsg::Expire { claim: forfeited.id })?;
    books.anyone(&ExecuteMsg::VoidTask { task: sealed })?;
    books.check()?;

    for claim in [&best, &second, &forger, &vain] {
        // In the best one's committee somebody sleeps.
        books.network.judge_claim(claim, |info, seat, said| {
            if claim.id == best.id && info.claim == Some(best.id) && info.seats[0].node == seat {
                for seen in &mut said.intervals {
                    if info.seats.len() == 5 {
                        *seen = best.run.lazily_seen(seen.interval);
                    }
                }
            }
        })?;
        books.check()?;
    }
    books.network.travel(3_600);
    books.anyone(&ExecuteMsg::Finalize { task: contest })?;
    books.anyone(&ExecuteMsg::Finalize { task: losers })?;
    books.check()?;

    let fates = [&best, &second, &forger, &lost, &forfeited, &vain, &voided].map(|c| books.status(c));
    let fates = fates.into_iter().collect::<Result<Vec<_>>>()?;
    let reason = |reason: &str| reason.to_owned();
    assert_eq!(
        fates,
        [
            ClaimStatus::Accepted {},
            ClaimStatus::Outbid {},
            ClaimStatus::Fraud { reason: reason("interval") },
            ClaimStatus::Lost {},
            ClaimStatus::Forfeited {},
            ClaimStatus::Rejected { reason: reason("no_gain") },
            ClaimStatus::Void {},
        ]
    );
    assert_eq!(books.network.task(contest)?.winner, Some(best.id));
    assert_eq!(books.network.task(sealed)?.status, TaskStatus::Void);

    books.network.seal_learning_block()?;
    books.check()?;
    // A second learning block on the first one's head.
    let next = books.task(1, 3, 1, 3_600)?;
    let child = books.take("child", next, GAIN)?;
    books.network.commit_claim(&child)?;
    books.network.wait_for_commits(next)?;
    books.network.reveal_claim(&child)?;
    books.network.unseal(next)?;
    books.network.judge_claim(&child, |_, _, _| {})?;
    books.network.wait_for_disputes(child.id)?;
    books.network.finalize_task(next)?;
    books.network.seal_learning_block()?;
    books.check()?;

    let before = books.treasury()?;
    assert!(!before.accrued.is_zero());
    books.all_pull()?;
    books.check()?;
    books.check_trail()?;
    let after = books.treasury()?;
    assert!(after.accrued.is_zero(), "{} were left over", after.accrued);
    assert_eq!(books.network.balance(&books.network.at.tasks)?, 0, "nothing is open");
    // Both blocks' emission left the treasury, and what frauds and forfeits cost came in.
    let (bond, fee) = (best_bond(&books, contest)?, 5 * LYC);
    let emitted = 2 * 50 * LYC;
    assert!(after.free.u128() > genesis + 2 * bond + fee - emitted);
    for name in ["best", "child"] {
        let account = books.network.account(name);
        assert!(books.network.balance(&account)? > bond, "{name} has its bond and a reward");
    }

    // Everybody who may leave does, and takes all of his stake along.
    let trainers: Vec<Addr> =
        ["best", "second", "vain", "voided", "child"].map(|name| books.network.account(name)).to_vec();
    let contract = books.network.at.nodes.clone();
    for trainer in &trainers {
        let amount = books.network.node(trainer)?.stake;
        books.network.execute(trainer, &contract, &nodes::ExecuteMsg::Unbond { amount }, 0)?;
    }
    books.check()?;
    books.network.travel(21 * 86_400);
    for trainer in &trainers {
        let purse = books.network.balance(trainer)?;
        books.network.execute(trainer, &contract, &nodes::ExecuteMsg::ClaimUnbonded {}, 0)?;
        assert_eq!(books.network.balance(trainer)?, purse + STAKE);
    }
    books.check()
}

fn best_bond(books: &Books, task: u64) -> Result<u128> {
    Ok(books.network.task(task)?.bond.u128())
}
