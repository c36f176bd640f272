//! The accounts of a run: what everybody had, earned, paid, got back and lost, and that nothing of it is made up.
//!
//! [`Facts`] are what the chain says, each from a source of its own: balances, stakes, the audit trail of `rewards`,
//! claims, tasks, datasets, slashes, fees. [`balance`] makes the [`Ledger`] of them, or says which equation fails.

use std::collections::BTreeMap;

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

    fn add(&mut self, other: &Self) {
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

/// What the chain says of one account.
#[derive(Debug, Clone, Default)]
pub struct AccountFacts {
    /// Its name.
    pub name: String,
    /// Coins and stake when the network came up.
    pub start: u128,
    /// Coins at the end.
    pub wallet: u128,
    /// Stake at the end, that in queues included.
    pub stake: u128,
    /// What it may pull.
    pub to_pull: u128,
    /// What it pulled.
    pub pulled: u128,
    /// What was credited to it, by the contracts' reason.
    pub credited: BTreeMap<String, u128>,
    /// What the charter granted it.
    pub granted: u128,
    /// Bonds of its claims.
    pub bonds: u128,
    /// Bonds of its claims that ended as fraud or forfeited.
    pub bonds_forfeited: u128,
    /// Fees of its claims.
    pub claim_fees: u128,
    /// Deposits and reserves that it put down.
    pub deposits: u128,
    /// Deposits that `datasets` sent back itself.
    pub deposits_sent_back: u128,
    /// Stake that was taken.
    pub slashed: u128,
    /// What a real chain took for its transactions.
    pub network_fees: u128,
}

/// What the chain says of the treasury.
#[derive(Debug, Clone, Default)]
pub struct TreasuryFacts {
    /// Funds that did not come from a contract.
    pub funded: u128,
    /// What came from `nodes` and was credited to nobody.
    pub from_nodes: u128,
    /// What came from `tasks` and was credited to nobody.
    pub from_tasks: u128,
    /// What came from `datasets` and was credited to nobody.
    pub from_datasets: u128,
    /// What learning blocks promised.
    pub emission: u128,
    /// Grants.
    pub granted: u128,
    /// Everything credited, to whomever.
    pub credited: u128,
    /// Everything pulled, by whomever.
    pub pulled: u128,
    /// Promised and not pulled, by the contract's own count.
    pub accrued: u128,
    /// Free, by the contract's own count.
    pub free: u128,
}

/// Everything that the chain says.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// By account.
    pub accounts: Vec<AccountFacts>,
    /// The treasury.
    pub treasury: TreasuryFacts,
    /// How many shares were rounded down at most.
    pub shares: u128,
}

/// Why the numbers are not shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unbalanced {
    /// A payment for something that this report does not know.
    #[error(
        "`rewards` credited {name} for {reason:?}, which is neither income nor a return that this report knows"
    )]
    UnknownReason {
        /// Who.
        name: String,
        /// For what.
        reason: String,
    },
    /// An amount below zero, or beyond all coins.
    #[error("{what} of {name} would be {amount} ulyc")]
    Impossible {
        /// Whose.
        name: String,
        /// Which amount.
        what: &'static str,
        /// How much.
        amount: i128,
    },
    /// Two ways to the same amount differ.
    #[error("the books of {name} do not balance: {what} should be {expected} ulyc and is {found} ulyc")]
    Differs {
        /// Whose.
        name: String,
        /// Which amount.
        what: &'static str,
        /// By the flows.
        expected: i128,
        /// As the chain holds it.
        found: i128,
    },
}

type Result<T> = std::result::Result<T, Unbalanced>;

/// The name of what concerns all accounts together.
const ALL: &str = "all accounts together";
/// The name of the treasury.
const TREASURY: &str = "the treasury";

fn amount(name: &str, what: &'static str, amount: i128) -> Result<u64> {
    u64::try_from(amount).map_err(|_| Unbalanced::Impossible { name: name.to_owned(), what, amount })
}

fn same(name: &str, what: &'static str, expected: i128, found: i128) -> Result<()> {
    let name = || name.to_owned();
    if expected == found { Ok(()) } else { Err(Unbalanced::Differs { name: name(), what, expected, found }) }
}

/// No chain holds 2¹²⁷ ulyc; one that says so fails an equation.
fn signed(value: u128) -> i128 {
    i128::try_from(value).unwrap_or(i128::MAX)
}

/// What was credited to an account, by meaning.
#[derive(Default)]
struct Credited {
    earned: Earned,
    bonds: i128,
    fees: i128,
    deposits: i128,
    all: i128,
}

impl Credited {
    fn of(facts: &AccountFacts) -> Result<Self> {
        let mut out = Self::default();
        for (reason, ulyc) in &facts.credited {
            let ulyc = signed(*ulyc);
            let income = || amount(&facts.name, "a credited payment", ulyc);
            out.all += ulyc;
            match reason.as_str() {
                "committee_fee" => out.earned.committee_fees += income()?,
                "coordinator_fee" => out.earned.coordinator_fees += income()?,
                "dispute_fee" | "dispute_cost" => out.earned.dispute_fees += income()?,
                "challenge_reward" | "challenge" => out.earned.challenges += income()?,
                "bond_returned" => out.bonds += ulyc,
                "fee_returned" => out.fees += ulyc,
                "deposit_returned" | "reserve_returned" | "challenge_returned" => out.deposits += ulyc,
                _ => {
                    let (name, reason) = (facts.name.clone(), reason.clone());
                    return Err(Unbalanced::UnknownReason { name, reason });
                }
            }
        }
        Ok(out)
    }
}

fn account(facts: &AccountFacts) -> Result<Account> {
    let name = facts.name.as_str();
    let is = |what, ulyc: i128| amount(name, what, ulyc);
    let mut credited = Credited::of(facts)?;
    let to_pull = signed(facts.to_pull);
    // What was pulled and not credited is emission: `rewards` pays nothing else.
    let emission = signed(facts.pulled) + to_pull - credited.all;
    credited.earned.emission = is("the share of the emission", emission)?;
    let deposits_back = credited.deposits + signed(facts.deposits_sent_back);
    let lost = Lost {
        stake: is("the slashed stake", signed(facts.slashed))?,
        bonds: is("what was lost of the bonds", signed(facts.bonds) - credited.bonds)?,
        deposits: is("what was lost of the deposits", signed(facts.deposits) - deposits_back)?,
    };
    same(name, "what was lost of the bonds", signed(facts.bonds_forfeited), i128::from(lost.bonds))?;
    let fees = Fees {
        claims: is("the fees of claims", signed(facts.claim_fees) - credited.fees)?,
        network: is("the fees of the chain", signed(facts.network_fees))?,
    };
    let account = Account {
        name: name.to_owned(),
        start: is("the start", signed(facts.start))?,
        granted: is("the grant", signed(facts.granted))?,
        earned: credited.earned,
        fees,
        put_down: is("what was put down", signed(facts.bonds) + signed(facts.deposits))?,
        returned: is("what came back", credited.bonds + deposits_back)?,
        lost,
        end: is("the end", signed(facts.wallet) + signed(facts.stake) + to_pull)?,
        to_pull: is("what is owed", to_pull)?,
    };
    let plus = [account.start, account.granted, account.earned.total(), account.returned];
    let minus = [account.put_down, fees.claims, fees.network, lost.stake];
    let sum = |amounts: [u64; 4]| amounts.into_iter().map(i128::from).sum::<i128>();
    same(name, "what it has at the end", sum(plus) - sum(minus), i128::from(account.end))?;
    Ok(account)
}

fn treasury(facts: &TreasuryFacts, shares: u128) -> Result<Treasury> {
    let is = |what, ulyc: i128| amount(TREASURY, what, ulyc);
    let promised = signed(facts.credited) + signed(facts.emission);
    let rounding = promised - signed(facts.pulled) - signed(facts.accrued);
    let out = Treasury {
        start: is("the start", signed(facts.funded))?,
        slashed: is("the slashed stake", signed(facts.from_nodes))?,
        from_tasks: is("what came from tasks", signed(facts.from_tasks))?,
        from_datasets: is("what came from datasets", signed(facts.from_datasets))?,
        rounding: is("what rounding left", rounding)?,
        emission: is("the emission", signed(facts.emission))?,
        granted: is("the grants", signed(facts.granted))?,
        end: is("the end", signed(facts.free))?,
    };
    if u128::from(out.rounding) > shares {
        return Err(Unbalanced::Impossible {
            name: TREASURY.to_owned(),
            what: "the rounding",
            amount: rounding,
        });
    }
    let plus = [out.start, out.slashed, out.from_tasks, out.from_datasets, out.rounding];
    let plus: i128 = plus.into_iter().map(i128::from).sum();
    let minus = i128::from(out.emission) + i128::from(out.granted);
    same(TREASURY, "what is free at the end", plus - minus, i128::from(out.end))?;
    Ok(out)
}

/// Makes the ledger, and checks every account, the treasury, and that all of it together comes out even.
pub fn balance(facts: &Facts) -> Result<Ledger> {
    let accounts = facts.accounts.iter().map(account).collect::<Result<Vec<_>>>()?;
    let treasury = treasury(&facts.treasury, facts.shares)?;
    let mut totals = Totals {
        pulled: amount(ALL, "what was pulled", signed(facts.treasury.pulled))?,
        ..Totals::default()
    };
    for a in &accounts {
        totals.granted += a.granted;
        totals.earned.add(&a.earned);
        totals.fees.claims += a.fees.claims;
        totals.fees.network += a.fees.network;
        totals.put_down += a.put_down;
        totals.returned += a.returned;
        totals.lost.stake += a.lost.stake;
        totals.lost.bonds += a.lost.bonds;
        totals.lost.deposits += a.lost.deposits;
        totals.to_pull += a.to_pull;
    }
    let credited = facts.accounts.iter().flat_map(|a| a.credited.values()).map(|ulyc| signed(*ulyc)).sum();
    same(ALL, "what was credited", signed(facts.treasury.credited), credited)?;
    same(ALL, "what was granted", i128::from(treasury.granted), i128::from(totals.granted))?;
    // What was paid and lost is what others earned, or the treasury's.
    let paid = i128::from(totals.fees.claims) + i128::from(totals.lost.total());
    let from_others = totals.earned.total() - totals.earned.emission;
    let kept = treasury.slashed + treasury.from_tasks + treasury.from_datasets;
    same(ALL, "what others earned or the treasury kept", paid, i128::from(from_others) + i128::from(kept))?;
    // Nobody else earned, and shares round down.
    let unearned = i128::from(treasury.emission) - i128::from(totals.earned.emission);
    if unearned < 0 || unearned > signed(facts.shares) {
        let (expected, found) = (i128::from(treasury.emission), i128::from(totals.earned.emission));
        let what = "what was earned of the emission";
        return Err(Unbalanced::Differs { name: ALL.to_owned(), what, expected, found });
    }
    Ok(Ledger { accounts, totals, treasury })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A trainer with a bond of 50 and a fee of 10 that was caught, its committee's seat, and a treasury that emitted 40.
    fn facts() -> Facts {
        let credit = |reason: &str, ulyc| BTreeMap::from([(reason.to_owned(), ulyc)]);
        let cheat = AccountFacts {
            name: "cheat".into(),
            start: 300,
            wallet: 140,
            stake: 80,
            bonds: 50,
            bonds_forfeited: 50,
            claim_fees: 10,
            slashed: 20,
            ..AccountFacts::default()
        };
        let seat = AccountFacts {
            name: "seat".into(),
            start: 100,
            wallet: 45,
            stake: 100,
            to_pull: 4,
            pulled: 45,
            credited: credit("committee_fee", 9),
            ..AccountFacts::default()
        };
        let honest = AccountFacts {
            name: "honest".into(),
            start: 200,
            wallet: 100,
            stake: 100,
            pulled: 50,
            credited: credit("bond_returned", 50),
            bonds: 50,
            ..AccountFacts::default()
        };
        let treasury = TreasuryFacts {
            funded: 1_000,
            from_nodes: 20,
            from_tasks: 51,
            emission: 40,
            credited: 59,
            pulled: 95,
            accrued: 4,
            free: 1_031,
            ..TreasuryFacts::default()
        };
        Facts { accounts: vec![cheat, seat, honest], treasury, shares: 3 }
    }

    #[test]
    fn a_bond_that_came_back_is_no_income_and_a_forfeited_one_is_lost() {
        let ledger = balance(&facts()).unwrap();
        let [cheat, seat, honest] = &ledger.accounts[..] else { panic!("three accounts") };
        assert_eq!((cheat.earned.total(), cheat.lost.total(), cheat.fees.claims), (0, 70, 10));
        assert_eq!((seat.earned.emission, seat.earned.committee_fees, seat.returned), (40, 9, 0));
        assert_eq!((honest.earned.total(), honest.put_down, honest.returned), (0, 50, 50));
        assert_eq!(ledger.totals.pulled, 95);
    }

    #[test]
    fn a_coin_that_nobody_can_explain_fails_the_report_by_name() {
        let name_of = |change: fn(&mut Facts)| {
            let mut facts = facts();
            change(&mut facts);
            match balance(&facts).unwrap_err() {
                Unbalanced::Differs { name, .. }
                | Unbalanced::Impossible { name, .. }
                | Unbalanced::UnknownReason { name, .. } => name,
            }
        };
        assert_eq!(name_of(|f| f.accounts[0].wallet += 1), "cheat");
        assert_eq!(name_of(|f| f.accounts[0].slashed -= 1), "cheat");
        assert_eq!(name_of(|f| f.accounts[0].bonds_forfeited = 0), "cheat");
        assert_eq!(name_of(|f| f.accounts[1].pulled = 0), "seat", "less was pulled than credited");
        assert_eq!(name_of(|f| f.accounts[2].credited.clear()), "honest", "its bond is missing");
        assert_eq!(name_of(|f| f.treasury.free -= 1), TREASURY);
        assert_eq!(name_of(|f| f.treasury.accrued = 0), TREASURY, "more than rounding leaves");
        let unknown = |f: &mut Facts| {
            f.accounts[1].credited.insert("a_gift".to_owned(), 1);
        };
        assert_eq!(name_of(unknown), "seat");
        assert_eq!(
            name_of(|f| f.accounts.truncate(2)),
            ALL,
            "a bond came back to an account that is not listed"
        );
    }

    #[test]
    fn what_one_lost_and_nobody_received_is_missed() {
        let mut facts = facts();
        facts.treasury.from_tasks -= 1;
        facts.treasury.free -= 1;
        let error = balance(&facts).unwrap_err();
        assert!(matches!(&error, Unbalanced::Differs { name, .. } if name == ALL), "{error}");
    }
}
