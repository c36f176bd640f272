//! Makes the [`Ledger`] of what the chain says, and checks that nothing of it is made up: each account, the treasury, and
//! all of them together must balance, or the first equation that fails is named.

use super::facts::{AccountFacts, Facts, TreasuryFacts};
use super::ledger::{Account, Earned, Fees, Ledger, Lost, Totals, Treasury};

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
    use std::collections::BTreeMap;

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
