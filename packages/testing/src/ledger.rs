//! [`Ledger`]: what a network stands on. The App in process is one; `tests/realchain` puts the same helpers on wasmd.

use cosmwasm_std::{
    Addr, Binary, BlockInfo, Coin, ContractResult, CosmosMsg, QuerierResult, QueryRequest, SystemResult,
    WasmMsg, WasmQuery, coins, to_json_vec,
};
use cw_multi_test::{AppResponse, BankSudo, SudoMsg};
use lyceum_api::DENOM;

use crate::NetworkError;
use crate::error::{app, words};

/// The App that everything runs in.
pub type NetworkApp = cw_multi_test::App;

/// One message of a transaction: to which contract, what, with which funds.
#[derive(Debug, Clone)]
pub struct Tx {
    /// The contract.
    pub contract: Addr,
    /// The message, as JSON.
    pub msg: Binary,
    /// Funds.
    pub funds: Vec<Coin>,
}

/// Accounts, coins, blocks and contracts.
pub trait Ledger {
    /// The account of a name; always the same.
    fn account(&self, name: &str) -> Addr;

    /// Gives an account ulyc of the faucet's.
    fn fund(&mut self, account: &Addr, amount: u128) -> Result<(), NetworkError>;

    /// What an account holds, ulyc.
    fn balance(&self, account: &Addr) -> Result<u128, NetworkError>;

    /// The height and time at which the next message is executed, and the chain's id.
    fn block(&self) -> BlockInfo;

    /// Goes on by so many seconds, and at least to the next height, where heights are so many seconds apart.
    fn advance(&mut self, seconds: u64, block_seconds: u64);

    /// Executes messages as one transaction: all or none.
    fn execute_tx(&mut self, sender: &Addr, tx: Vec<Tx>) -> Result<Vec<AppResponse>, NetworkError>;

    /// Asks a contract; both sides are JSON.
    fn ask(&self, contract: &Addr, msg: Binary) -> Result<Binary, NetworkError>;
}

impl Ledger for NetworkApp {
    fn account(&self, name: &str) -> Addr {
        self.api().addr_make(name)
    }

    fn fund(&mut self, account: &Addr, amount: u128) -> Result<(), NetworkError> {
        let mint = BankSudo::Mint { to_address: account.to_string(), amount: coins(amount, DENOM) };
        self.sudo(SudoMsg::Bank(mint)).map_err(app)?;
        Ok(())
    }

    fn balance(&self, account: &Addr) -> Result<u128, NetworkError> {
        let amount = self.wrap().query_balance(account, DENOM).map_err(app)?.amount;
        // Nobody holds more than 2¹²⁸ − 1 ulyc: 21 million LYC are 2⁴⁵.
        amount.to_string().parse().map_err(|_| NetworkError::App(format!("{account} holds {amount}")))
    }

    fn block(&self) -> BlockInfo {
        self.block_info()
    }

    fn advance(&mut self, seconds: u64, block_seconds: u64) {
        let heights = (seconds / block_seconds.max(1)).max(1);
        self.update_block(|block| {
            block.height += heights;
            block.time = block.time.plus_seconds(seconds);
        });
    }

    fn execute_tx(&mut self, sender: &Addr, tx: Vec<Tx>) -> Result<Vec<AppResponse>, NetworkError> {
        let msgs = tx
            .into_iter()
            .map(|m| {
                CosmosMsg::from(WasmMsg::Execute {
                    contract_addr: m.contract.into_string(),
                    msg: m.msg,
                    funds: m.funds,
                })
            })
            .collect();
        let refused = |e| NetworkError::Refused { sender: sender.clone(), words: words(&e) };
        self.execute_multi(sender.clone(), msgs).map_err(refused)
    }

    fn ask(&self, contract: &Addr, msg: Binary) -> Result<Binary, NetworkError> {
        let failed = |words: String| NetworkError::Query { contract: contract.clone(), words };
        let request: QueryRequest = WasmQuery::Smart { contract_addr: contract.to_string(), msg }.into();
        let request = to_json_vec(&request).map_err(app)?;
        let result: QuerierResult = self.wrap().raw_query(&request);
        match result {
            SystemResult::Ok(ContractResult::Ok(answer)) => Ok(answer),
            SystemResult::Ok(ContractResult::Err(words)) => {
                Err(failed(crate::error::unwrapped(&words).to_owned()))
            }
            SystemResult::Err(error) => Err(failed(error.to_string())),
        }
    }
}
