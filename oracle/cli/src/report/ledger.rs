//! The accounts of a run: what everybody had, earned, paid, got back and lost. [`balance`](super::balance::balance) makes them.

use serde::Serialize;

/// Everybody's account and their sums; amounts are ulyc.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Ledger {
    /// By account, in the order of the network's nodes.
    pub accounts: Vec<Account>,
    /// The sums over accounts.
    pub totals: Totals,
    /// The treasury.
    pub treasury: Treasury,
}

/// One account: `start + granted + earned + returned − put_down − fees − lost.stake = end`, and
/// `put_down = returned + lost.bonds + lost.deposits`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Account {
    /// Whose it is.
    pub name: String,
    /// Coins and stake when the network came up.
    pub start: u64,
    /// Given by the charter out of the treasury, to open tasks with.
    pub granted: u64,
    /// Income.
    pub earned: Earned,
    /// What taking part cost.
    pub fees: Fees,
    /// Bonds of claims and deposits of tasks, datasets and challenges: held by a contract until their end.
    pub put_down: u64,
    /// What of it came back.
    pub returned: u64,
    /// What was taken.
    pub lost: Lost,
    /// Coins and stake at the end, and what is owed to it.
    pub end: u64,
    /// What of the end is owed and not yet pulled.
    pub to_pull: u64,
}

/// Income by kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Earned {
    /// Shares of learning blocks' emission.
    pub emission: u64,
    /// As a committee's seat, out of a claim's fee.
    pub committee_fees: u64,
    /// As a seat that re-executed a disputed interval, out of what the liar lost.
    pub dispute_fees: u64,
    /// As a task's opener, out of claims' fees.
    pub coordinator_fees: u64,
    /// As a challenger that was right.
    pub challenges: u64,
}

impl Earned {
    /// All of it.
    pub fn total(&self) -> u64 {
        self.emission + self.committee_fees + self.dispute_fees + self.coordinator_fees + self.challenges
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.emission += other.emission;
        self.committee_fees += other.committee_fees;
        self.dispute_fees += other.dispute_fees;
        self.coordinator_fees += other.coordinator_fees;
        self.challenges += other.challenges;
    }
}

/// What taking part cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Fees {
    /// Fees of claims, without those that came back because a claim was void.
    pub claims: u64,
    /// What a real chain took for transactions.
    pub network: u64,
}

/// What was taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Lost {
    /// Slashed stake.
    pub stake: u64,
    /// Bonds of claims that were fraud or never revealed.
    pub bonds: u64,
    /// Deposits of rejected datasets, void tasks and wrong challenges.
    pub deposits: u64,
}

impl Lost {
    /// All of it.
    pub fn total(&self) -> u64 {
        self.stake + self.bonds + self.deposits
    }
}

/// Sums over accounts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Given by the charter.
    pub granted: u64,
    /// Income.
    pub earned: Earned,
    /// What taking part cost.
    pub fees: Fees,
    /// Bonds and deposits.
    pub put_down: u64,
    /// What of them came back.
    pub returned: u64,
    /// What was taken.
    pub lost: Lost,
    /// Everything that was pulled from `rewards`: income, and bonds and deposits that came back.
    pub pulled: u64,
    /// Owed and not yet pulled.
    pub to_pull: u64,
}

/// The treasury: `start + slashed + from_tasks + from_datasets + rounding − emission − granted = end`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Treasury {
    /// What it was funded with.
    pub start: u64,
    /// Of slashed stake, what did not pay those who re-executed.
    pub slashed: u64,
    /// Of bonds, fees and deposits of tasks, what paid nobody else.
    pub from_tasks: u64,
    /// Deposits of rejected datasets.
    pub from_datasets: u64,
    /// What shares left over by rounding.
    pub rounding: u64,
    /// Promised to nodes by learning blocks.
    pub emission: u64,
    /// Granted by the charter.
    pub granted: u64,
    /// Free at the end.
    pub end: u64,
}
