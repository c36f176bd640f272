//! What the clients write is what the messages' enums write, variant by variant, and what they ask as well.

use std::cell::RefCell;

use cosmwasm_std::{
    Addr, Binary, CosmosMsg, Empty, Querier, QuerierResult, QuerierWrapper, QueryRequest, StdResult,
    SystemError, Uint128, WasmMsg, WasmQuery, coins, from_json, to_json_binary,
};
use lyceum_api::manifest::Target;
use lyceum_api::{Hash32, credits, datasets, experts, nodes, rewards, tasks};
use serde::Serialize;

fn says(message: StdResult<CosmosMsg>, whole: &impl Serialize) {
    let Ok(CosmosMsg::Wasm(WasmMsg::Execute { contract_addr, msg, .. })) = message else {
        panic!("no message to a contract")
    };
    assert_eq!((contract_addr.as_str(), msg), ("c", to_json_binary(whole).unwrap()));
}

#[test]
fn every_message_of_a_client_is_written_as_its_enum_writes_it() {
    let (at, node) = (|| Addr::unchecked("c"), Addr::unchecked("n"));
    let name = || node.to_string();

    let client = nodes::Client::new(at());
    let events = vec![nodes::NodeEvent::Seat { node: name(), agreed: true }];
    says(client.report(events.clone()), &nodes::ExecuteMsg::Report { events });
    says(
        client.distribute(&node, true, coins(1, "ulyc")),
        &nodes::ExecuteMsg::Distribute { node: name(), complete: true },
    );

    let client = datasets::Client::new(at());
    says(client.set_power(&node, 5), &datasets::ExecuteMsg::SetPower { node: name(), power: 5 });
    let uses = vec![datasets::Use { dataset: 1, shard: Hash32::of(b"shard"), bytes: 9 }];
    let (learning_block, model, epoch, improvement) = (1, 2, 3, -4);
    says(
        client.record_use(learning_block, model, epoch, improvement, uses.clone()),
        &datasets::ExecuteMsg::RecordUse { learning_block, model, epoch, improvement, uses },
    );

    let client = experts::Client::new(at());
    let block = experts::NewBlock {
        model,
        target: Target::Expert { index: 3 },
        parents: vec![1, 2],
        root: Hash32::of(b"block"),
        bytes: 7,
        encoding: experts::Encoding::Base,
        author: name(),
        claim: 8,
    };
    says(client.add_block(block.clone()), &experts::ExecuteMsg::AddBlock { block });
    let (block, score, fork) = (4, -5, true);
    says(client.finalize(block, score, fork), &experts::ExecuteMsg::Finalize { block, score, fork });
    says(client.void(block), &experts::ExecuteMsg::Void { block });

    let client = rewards::Client::new(at());
    says(client.fund(vec![]), &rewards::ExecuteMsg::Fund {});
    let (amount, reason) = (Uint128::new(5), String::from("fee"));
    let payments = vec![rewards::Payment { account: name(), amount, reason }];
    says(client.deposit(payments.clone(), vec![]), &rewards::ExecuteMsg::Deposit { payments });
    says(client.set_shared(&node, false), &rewards::ExecuteMsg::SetShared { node: name(), shared: false });
    let accruals = vec![rewards::Accrual { pool: rewards::Pool::Data, account: name(), weight: amount }];
    says(
        client.accrue(learning_block, accruals.clone()),
        &rewards::ExecuteMsg::Accrue { learning_block, accruals },
    );
    says(client.seal(learning_block), &rewards::ExecuteMsg::Seal { learning_block });

    let awards =
        vec![credits::Award { account: name(), reason: credits::Reason::Attestation {}, subject: 3 }];
    says(credits::Client::new(at()).award(awards.clone()), &credits::ExecuteMsg::Award { awards });
}

/// Keeps what was asked, and answers nothing.
#[derive(Default)]
struct Listener(RefCell<Vec<Binary>>);

impl Querier for Listener {
    fn raw_query(&self, request: &[u8]) -> QuerierResult {
        if let Ok(QueryRequest::<Empty>::Wasm(WasmQuery::Smart { msg, .. })) = from_json(request) {
            self.0.borrow_mut().push(msg);
        }
        QuerierResult::Err(SystemError::Unknown {})
    }
}

#[test]
fn every_query_of_a_client_is_written_as_its_enum_writes_it() {
    let (listener, node) = (Listener::default(), Addr::unchecked("n"));
    let querier = &QuerierWrapper::<Empty>::new(&listener);
    let name = || node.to_string();
    let (model, epoch, seed, seats) = (1, 2, Hash32::of(b"seed"), 5);
    let mut whole = vec![];
    macro_rules! asked {
        ($asked:expr, $whole:expr) => {
            assert!($asked.is_err(), "nobody answers");
            whole.push(to_json_binary(&$whole).unwrap());
        };
    }

    let client = nodes::Client::new(Addr::unchecked("c"));
    let (class, exclude) = (String::from("fp32"), vec![name()]);
    asked!(
        client.committee(querier, &class, epoch, seed, seats, exclude.clone()),
        nodes::QueryMsg::Committee { class, epoch, seed, seats, exclude }
    );
    asked!(client.epoch(querier), nodes::QueryMsg::Config {});
    asked!(client.node(querier, &node), nodes::QueryMsg::Node { node: name() });
    asked!(client.active(querier), nodes::QueryMsg::Active {});
    asked!(client.is_active(querier, &node), nodes::QueryMsg::IsActive { node: name() });

    let client = datasets::Client::new(Addr::unchecked("c"));
    let shards = vec![seed];
    asked!(client.dataset(querier, 7), datasets::QueryMsg::Dataset { dataset: 7 });
    asked!(
        client.used(querier, model, epoch, shards.clone()),
        datasets::QueryMsg::Used { model, epoch, shards }
    );

    let client = experts::Client::new(Addr::unchecked("c"));
    let target = Target::Router {};
    asked!(client.model(querier, model), experts::QueryMsg::Model { model });
    asked!(client.head(querier, model, target), experts::QueryMsg::Head { model, target });
    let (start_after, limit) = (Some(3), Some(32));
    asked!(
        client.heads(querier, model, start_after, limit),
        experts::QueryMsg::Heads { model, start_after, limit }
    );

    let client = tasks::Client::new(Addr::unchecked("c"));
    asked!(client.beacon(querier, 9), tasks::QueryMsg::Beacon { round: 9 });
    asked!(client.config(querier), tasks::QueryMsg::Config {});
    assert_eq!(listener.0.into_inner(), whole);
}
