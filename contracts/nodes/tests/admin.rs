//! Set-up, parameters, pause, permission, migration.
mod common;

use common::*;
use cosmwasm_std::{Empty, coins};
use cw_multi_test::{ContractWrapper, Executor, IntoAddr};
use lyceum_api::DENOM;
use lyceum_api::nodes::{ConfigResponse, ExecuteMsg, Params, QueryMsg, SlashReason};

#[test]
fn only_the_charter_sets_parameters_and_pauses() {
    let mut w = world();
    let tasks = w.tasks.clone();
    for msg in [ExecuteMsg::SetParams { params: Params::default() }, ExecuteMsg::SetPaused { paused: true }] {
        refused(w.send(&tasks, &msg), "may not send this message");
    }
    let params = Params { jail_seconds: 7, ..Params::default() };
    w.set_params(params.clone()).unwrap();
    w.set_paused(true);
    let config: ConfigResponse = w.query(&QueryMsg::Config {}).unwrap();
    assert_eq!((config.params, config.paused), (params, true));
    assert_eq!((config.charter, config.tasks), (w.charter.clone(), w.tasks.clone()));
    assert_eq!((config.datasets, config.rewards), (w.datasets.clone(), w.rewards.clone()));
}

#[test]
fn a_pause_closes_everything_but_exits_and_reports() {
    let mut w = world();
    let alice = w.bonded("alice", 2 * MIN);
    let open = registration(&w, &"bob".into_addr(), &key_of(&"bob".into_addr()));
    w.unbond(&alice, LYC).unwrap();
    w.set_paused(true);
    let node = alice.to_string();
    for msg in [
        open,
        ExecuteMsg::Update { roles: vec![], classes: vec![], addresses: vec![] },
        ExecuteMsg::Mature { node },
        ExecuteMsg::BindGpu { gpu: gpu("a") },
        ExecuteMsg::UnbindGpu { gpu: gpu("a") },
        ExecuteMsg::LapseGpu { gpu: gpu("a") },
        ExecuteMsg::Unjail {},
    ] {
        refused(w.send(&alice, &msg), "nodes is paused");
    }
    refused(w.bond(&alice, LYC), "nodes is paused");
    w.unbond(&alice, LYC).unwrap();
    w.pass(21 * DAY);
    w.send(&alice, &ExecuteMsg::ClaimUnbonded {}).unwrap();
    w.report(vec![slashed(&alice, SlashReason::Downtime)]).unwrap();
    w.set_params(Params::default()).unwrap();
    w.set_paused(false);
    w.send(&alice, &ExecuteMsg::Update { roles: vec![], classes: vec![], addresses: vec![] }).unwrap();
}

#[test]
fn parameters_out_of_bounds_are_refused() {
    let mut w = world();
    let good = Params::default;
    let century = 100 * 365 * DAY;
    for (params, name) in [
        (Params { min_stake: 0u128.into(), ..good() }, "min_stake is 0"),
        (Params { unbonding_seconds: 0, ..good() }, "unbonding_seconds is 0"),
        (Params { epoch_seconds: 0, ..good() }, "epoch_seconds is 0"),
        (Params { work_epoch_seconds: 0, ..good() }, "work_epoch_seconds is 0"),
        (Params { maturity_seconds: century, ..good() }, "maturity_seconds is 3153600000"),
        (Params { jail_seconds: u64::MAX, ..good() }, "jail_seconds is"),
        (Params { gpu_lapse_seconds: century, ..good() }, "gpu_lapse_seconds is"),
    ] {
        refused(w.set_params(params), name);
    }
}

#[test]
fn a_set_up_with_funds_bad_addresses_or_bad_parameters_is_refused() {
    let mut w = world();
    let code = nodes_code(&mut w.app);
    let owner = "owner".into_addr();
    let good = instantiation(&w.charter, &w.tasks, &w.datasets, &w.rewards, Params::default());
    w.fund(&owner, 1);
    let mut set_up = |msg, funds: u128| {
        let funds = if funds == 0 { vec![] } else { coins(funds, DENOM) };
        w.app.instantiate_contract(code, owner.clone(), &msg, &funds, "nodes", None)
    };
    assert!(set_up(good.clone(), 1).unwrap_err().to_string().contains("accept funds"));
    let mut bad = good.clone();
    bad.rewards = "nobody".to_owned();
    assert!(set_up(bad, 0).is_err());
    let mut bad = good.clone();
    bad.params.epoch_seconds = 0;
    assert!(set_up(bad, 0).unwrap_err().to_string().contains("epoch_seconds is 0"));
    set_up(good, 0).unwrap();
}

#[test]
fn a_migration_comes_only_from_this_contract() {
    let mut w = world();
    let owner = "owner".into_addr();
    let same = nodes_code(&mut w.app);
    w.app.migrate_contract(owner.clone(), w.nodes.clone(), &Empty {}, same).unwrap();
    let stranger = cw_other(&mut w, "somebody/else", "0.0.1");
    let error = w.app.migrate_contract(owner, stranger, &Empty {}, same).unwrap_err().to_string();
    assert!(error.contains("Cannot migrate from somebody/else to lyceum/nodes"), "{error}");
}

#[test]
fn state_from_before_shares_is_refused_and_so_is_a_newer_version() {
    let mut w = world();
    let owner = "owner".into_addr();
    let code = nodes_code(&mut w.app);
    for (version, reason) in [
        (
            "0.1.0",
            "state of version 0.1.0 holds no shares and can't be migrated; version 0.2.0 is instantiated",
        ),
        ("99.0.0", "Cannot migrate from newer version (99.0.0) to older (0.2.0)"),
    ] {
        let other = cw_other(&mut w, "lyceum/nodes", version);
        let error = w.app.migrate_contract(owner.clone(), other, &Empty {}, code).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
}

/// A contract of another name or version.
fn cw_other(w: &mut World, name: &str, version: &str) -> cosmwasm_std::Addr {
    use cosmwasm_std::{Binary, Deps, DepsMut, Env, MessageInfo, Response, StdResult};
    fn born(deps: DepsMut<'_>, _: Env, _: MessageInfo, is: (String, String)) -> StdResult<Response> {
        cw2::set_contract_version(deps.storage, is.0, is.1)?;
        Ok(Response::new())
    }
    fn nothing(_: DepsMut<'_>, _: Env, _: MessageInfo, _: Empty) -> StdResult<Response> {
        Ok(Response::new())
    }
    fn silent(_: Deps<'_>, _: Env, _: Empty) -> StdResult<Binary> {
        Ok(Binary::default())
    }
    let code = w.app.store_code(Box::new(ContractWrapper::new(nothing, born, silent)));
    let owner = "owner".into_addr();
    let is = (name.to_owned(), version.to_owned());
    w.app.instantiate_contract(code, owner.clone(), &is, &[], "other", Some(owner.to_string())).unwrap()
}
