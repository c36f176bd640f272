//! The contracts in process: [`start`] brings a network up on a thread of its own and gives a [`Handle`] for each
//! participant. Time is logical: see [`crate::logical`].

use cosmwasm_std::{Addr, Binary, CosmosMsg, Event, Timestamp, WasmMsg};
pub use lyceum_testing::{self, Beacon, Builder, LYC, Network, PeerKey};

use crate::logical::{Handle, Info, Ledger, serve};
use crate::{Contracts, Head, Result, Tx};

/// Brings a network up on its own thread. `set_up` makes it there and does what happens before anybody takes part
/// (funding, genesis, whatever [`Network`]'s helpers say); it gives the accounts that take part, in the order in
/// which their transactions are taken. What else it found out comes back beside the handles.
pub fn start<T: Send + 'static>(
    set_up: impl FnOnce() -> anyhow::Result<(Network, Vec<Addr>, T)> + Send + 'static,
) -> Result<(Vec<Handle>, T)> {
    let (tell, told) = std::sync::mpsc::sync_channel(1);
    let seats = serve(move || {
        let (network, accounts, found) = set_up().map_err(|e| format!("{e:#}"))?;
        let at = network.at.clone();
        let info = Info {
            chain_id: network.app.block_info().chain_id,
            contracts: Contracts {
                charter: at.charter,
                nodes: at.nodes,
                datasets: at.datasets,
                experts: at.experts,
                tasks: at.tasks,
                credits: at.credits,
                rewards: at.rewards,
            },
        };
        let head = Head { height: network.height(), time: network.time() };
        let block_seconds = network.block_seconds;
        // The caller waits for this, or is gone.
        let _ = tell.send((info, found));
        Ok((Embedded(network), head, block_seconds, accounts))
    })?;
    let (info, found) =
        told.recv().map_err(|_| crate::ChainError::Start("its thread said nothing".to_owned()))?;
    Ok((seats.into_iter().map(|seat| Handle::new(seat, info.clone())).collect(), found))
}

struct Embedded(Network);

impl Ledger for Embedded {
    fn execute(&mut self, _: Head, sender: &Addr, tx: Tx) -> std::result::Result<Vec<Event>, String> {
        let msgs = tx
            .into_iter()
            .map(|m| {
                let contract_addr = m.contract.into_string();
                CosmosMsg::from(WasmMsg::Execute { contract_addr, msg: m.msg, funds: m.funds })
            })
            .collect();
        let responses =
            self.0.app.execute_multi(sender.clone(), msgs).map_err(|e| lyceum_testing::words(&e))?;
        Ok(responses.into_iter().flat_map(|r| r.events).collect())
    }

    fn query(&self, contract: &Addr, msg: &[u8]) -> std::result::Result<Binary, String> {
        let query = cosmwasm_std::WasmQuery::Smart { contract_addr: contract.to_string(), msg: msg.into() };
        let request =
            cosmwasm_std::to_json_vec(&cosmwasm_std::QueryRequest::<cosmwasm_std::Empty>::Wasm(query))
                .map_err(|e| e.to_string())?;
        match self.0.app.wrap().raw_query(&request) {
            cosmwasm_std::SystemResult::Ok(answer) => answer.into_result(),
            cosmwasm_std::SystemResult::Err(e) => Err(e.to_string()),
        }
    }

    fn knows(&self, contract: &Addr) -> bool {
        self.0.app.contract_data(contract).is_ok()
    }

    fn balance(&self, account: &Addr) -> std::result::Result<u128, String> {
        self.0.balance(account).map_err(|e| e.to_string())
    }

    fn advance(&mut self, head: Head) {
        self.0.app.update_block(|block| {
            block.height = head.height;
            block.time = Timestamp::from_seconds(head.time);
        });
    }
}
