//! A real chain keeps the promises of every chain: the suite that the embedded one passes, on wasmd.

use std::path::Path;

use cosmos_sdk_proto::cosmwasm::wasm::v1::{
    MsgInstantiateContract, MsgInstantiateContractResponse, MsgStoreCode, MsgStoreCodeResponse,
};
use cosmrs::Any;
use cosmwasm_std::Addr;
use lyceum_api::{Hash32, charter};
use lyceum_chain::Contracts;
use lyceum_chain::conformance::{FUNDS, Harness};
use lyceum_chain::cosmos::{Cosmos, Key, Signer as _, address};
use lyceum_tests_realchain::{Localnet, Purse, wanted};
use prost::Message;
use tokio::sync::OnceCell;

struct Wasmd;

/// One code serves all tests of this process.
static CODE: OnceCell<u64> = OnceCell::const_new();

fn any(type_url: &str, message: &impl Message) -> Any {
    Any { type_url: type_url.to_owned(), value: message.encode_to_vec() }
}

async fn store(purse: &Purse) -> u64 {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../artifacts/charter.wasm");
    let wasm_byte_code = std::fs::read(&path)
        .unwrap_or_else(|e| panic!("{}: {e}; run scripts/build-contracts", path.display()));
    let sender = purse.client.account().to_string();
    let store = MsgStoreCode { sender, wasm_byte_code, instantiate_permission: None };
    let done = purse.client.send(vec![any("/cosmwasm.wasm.v1.MsgStoreCode", &store)]).await.unwrap();
    MsgStoreCodeResponse::decode(done.data[0].value.as_slice()).unwrap().code_id
}

fn stranger() -> Addr {
    address(&Key::generate().unwrap().0.public_key(), &Localnet::shared().chain().prefix).unwrap()
}

impl Harness for Wasmd {
    type Chain = Cosmos;

    async fn start(&self) -> [Cosmos; 2] {
        let [first, second, maker] =
            <[Purse; 3]>::try_from(Localnet::shared().chain().purses(3, FUNDS).await.unwrap()).unwrap();
        let code_id = *CODE.get_or_init(|| store(&maker)).await;
        let others: [Addr; 6] = std::array::from_fn(|_| stranger());
        let [nodes, datasets, experts, tasks, credits, rewards] = others.clone().map(Addr::into_string);
        let msg = charter::InstantiateMsg {
            authority: first.client.account().to_string(),
            pact: Hash32::of(b"a pact"),
            rules: vec![],
            contracts: charter::Contracts { nodes, datasets, experts, tasks, credits, rewards },
        };
        let instantiate = MsgInstantiateContract {
            sender: maker.client.account().to_string(),
            admin: String::new(),
            code_id,
            label: "conformance".to_owned(),
            msg: serde_json::to_vec(&msg).unwrap(),
            funds: vec![],
        };
        let sent = vec![any("/cosmwasm.wasm.v1.MsgInstantiateContract", &instantiate)];
        let done = maker.client.send(sent).await.unwrap();
        let made = MsgInstantiateContractResponse::decode(done.data[0].value.as_slice()).unwrap();
        let [nodes, datasets, experts, tasks, credits, rewards] = others;
        let charter = Addr::unchecked(made.address);
        let contracts = Contracts { charter, nodes, datasets, experts, tasks, credits, rewards };
        [Cosmos::new(first.client, contracts.clone()), Cosmos::new(second.client, contracts)]
    }

    fn nobody(&self) -> Addr {
        stranger()
    }
}

lyceum_chain::conformance_suite!(wanted().then_some(Wasmd));
