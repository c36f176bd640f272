//! What the chain says about money, each amount from a source of its own: balances, stakes, the audit trail of
//! `rewards`, claims, tasks, datasets, slashes and fees.

use std::collections::BTreeMap;

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
