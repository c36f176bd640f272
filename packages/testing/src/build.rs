//! [`Builder`]: parameters, predicted addresses, and the seven contracts brought up with their final configuration.

use anyhow::{Context, anyhow};
use cosmwasm_std::{
    Addr, Api, BlockInfo, Empty, Timestamp, Uint128, WasmMsg, coins, instantiate2_address, testing::MockApi,
    to_json_binary,
};
use cw_multi_test::{AppBuilder, Contract, ContractWrapper, Executor};
use lyceum_api::{DENOM, Hash32, charter, credits, datasets, experts, nodes, rewards, tasks};
use serde::Serialize;

use crate::error::app;
use crate::{Beacon, LYC, Network, NetworkApp};

/// Names of the contracts, in the order in which they come up.
pub const CONTRACTS: [&str; 7] = ["charter", "nodes", "datasets", "experts", "tasks", "credits", "rewards"];

/// Where the contracts are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses {
    /// The charter.
    pub charter: Addr,
    /// Nodes.
    pub nodes: Addr,
    /// Datasets.
    pub datasets: Addr,
    /// Models and expert blocks.
    pub experts: Addr,
    /// Tasks, claims, panels, beacon.
    pub tasks: Addr,
    /// Credits.
    pub credits: Addr,
    /// Treasury and rewards.
    pub rewards: Addr,
}

/// A network to bring up; every field may be set before [`Builder::build`].
#[derive(Debug, Clone)]
pub struct Builder {
    /// Chain id.
    pub chain_id: String,
    /// Time of the first block, Unix seconds.
    pub start: u64,
    /// Seconds between heights.
    pub block_seconds: u64,
    /// ulyc in the treasury.
    pub treasury: u128,
    /// Parameters of `nodes`.
    pub nodes: nodes::Params,
    /// Parameters of `datasets`.
    pub datasets: datasets::Params,
    /// Parameters of `tasks`.
    pub tasks: tasks::Params,
    /// The charter's rules.
    pub rules: Vec<charter::Rule>,
    /// Hash of the pact.
    pub pact: Hash32,
    /// Salt of GPU ids.
    pub gpu_salt: Hash32,
    /// Secret of the beacon's key.
    pub beacon_secret: [u8; 32],
    /// Seconds between the beacon's rounds.
    pub beacon_period: u64,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            chain_id: "lyceum-local".to_owned(),
            start: 1_767_225_600, // 2026-01-01
            block_seconds: 5,
            treasury: 21_000_000 * LYC,
            nodes: nodes::Params::default(),
            datasets: datasets::Params::default(),
            tasks: tasks::Params::default(),
            rules: vec![charter::Rule {
                action: "training_step".to_owned(),
                limits: vec![charter::Limit {
                    name: "peak_lr_nano".to_owned(),
                    min: Uint128::one(),
                    max: Uint128::new(100_000_000),
                }],
            }],
            pact: Hash32::of(b"the pact of a local network"),
            gpu_salt: Hash32::of(b"the GPU salt of a local network"),
            beacon_secret: [0x4c; 32],
            beacon_period: 3,
        }
    }
}

impl Builder {
    /// Brings the network up.
    pub fn build(self) -> anyhow::Result<Network> {
        let beacon = Beacon::new(self.beacon_secret, self.start, self.beacon_period)?;
        let mut app: NetworkApp = AppBuilder::default()
            .with_api(MockApi::default().with_prefix("wasm"))
            .with_block(BlockInfo {
                height: 1,
                time: Timestamp::from_seconds(self.start),
                chain_id: self.chain_id.clone(),
            })
            .build(cw_multi_test::no_init);
        let authority = app.api().addr_make("authority");
        let codes = self.store_codes(&mut app);
        let predicted = codes
            .iter()
            .zip(CONTRACTS)
            .map(|(code, name)| predict(&app, &authority, *code, name))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let [charter, nodes, datasets, experts, tasks, credits, rewards]: [Addr; 7] =
            predicted.try_into().map_err(|_| anyhow!("seven contracts have seven addresses"))?;
        let at = Addresses { charter, nodes, datasets, experts, tasks, credits, rewards };

        let mut network = Network::over(app, at.clone(), beacon, authority.clone(), self.block_seconds);
        network.fund(&authority, self.treasury)?;
        let [c_charter, c_nodes, c_datasets, c_experts, c_tasks, c_credits, c_rewards] = codes;
        let s = |address: &Addr| address.to_string();
        network.bring_up(
            c_charter,
            "charter",
            &at.charter,
            0,
            &charter::InstantiateMsg {
                authority: s(&network.authority),
                pact: self.pact,
                rules: self.rules,
                contracts: charter::Contracts {
                    nodes: s(&at.nodes),
                    datasets: s(&at.datasets),
                    experts: s(&at.experts),
                    tasks: s(&at.tasks),
                    credits: s(&at.credits),
                    rewards: s(&at.rewards),
                },
            },
        )?;
        network.bring_up(
            c_nodes,
            "nodes",
            &at.nodes,
            0,
            &nodes::InstantiateMsg {
                charter: s(&at.charter),
                tasks: s(&at.tasks),
                datasets: s(&at.datasets),
                rewards: s(&at.rewards),
                gpu_salt: self.gpu_salt,
                params: self.nodes,
            },
        )?;
        network.bring_up(
            c_datasets,
            "datasets",
            &at.datasets,
            0,
            &datasets::InstantiateMsg {
                charter: s(&at.charter),
                nodes: s(&at.nodes),
                tasks: s(&at.tasks),
                credits: s(&at.credits),
                rewards: s(&at.rewards),
                params: self.datasets,
            },
        )?;
        network.bring_up(
            c_experts,
            "experts",
            &at.experts,
            0,
            &experts::InstantiateMsg { charter: s(&at.charter), tasks: s(&at.tasks) },
        )?;
        network.bring_up(
            c_tasks,
            "tasks",
            &at.tasks,
            0,
            &tasks::InstantiateMsg {
                charter: s(&at.charter),
                nodes: s(&at.nodes),
                datasets: s(&at.datasets),
                experts: s(&at.experts),
                credits: s(&at.credits),
                rewards: s(&at.rewards),
                beacon: network.beacon.config(),
                params: self.tasks,
            },
        )?;
        network.bring_up(
            c_credits,
            "credits",
            &at.credits,
            0,
            &credits::InstantiateMsg {
                charter: s(&at.charter),
                tasks: s(&at.tasks),
                datasets: s(&at.datasets),
            },
        )?;
        network.bring_up(
            c_rewards,
            "rewards",
            &at.rewards,
            self.treasury,
            &rewards::InstantiateMsg {
                charter: s(&at.charter),
                tasks: s(&at.tasks),
                datasets: s(&at.datasets),
                nodes: s(&at.nodes),
            },
        )?;
        network.next_height();
        Ok(network)
    }

    fn store_codes(&self, app: &mut NetworkApp) -> [u64; 7] {
        macro_rules! wrapped {
            ($contract:ident) => {{
                use $contract::contract::{execute, instantiate, query};
                ContractWrapper::new(execute, instantiate, query)
            }};
        }
        let codes: [Box<dyn Contract<Empty>>; 7] = [
            Box::new(wrapped!(lyceum_charter)),
            Box::new(wrapped!(lyceum_nodes)),
            Box::new(wrapped!(lyceum_datasets)),
            Box::new(wrapped!(lyceum_experts)),
            Box::new(wrapped!(lyceum_tasks).with_reply(lyceum_tasks::contract::reply)),
            Box::new(wrapped!(lyceum_credits)),
            Box::new(wrapped!(lyceum_rewards)),
        ];
        codes.map(|code| app.store_code(code))
    }
}

/// The address that a contract of this code and name will have.
fn predict(chain: &NetworkApp, creator: &Addr, code: u64, name: &str) -> anyhow::Result<Addr> {
    let checksum = chain.wrap().query_wasm_code_info(code).map_err(app)?.checksum;
    let creator = chain.api().addr_canonicalize(creator.as_str()).map_err(app)?;
    let address = instantiate2_address(checksum.as_slice(), &creator, name.as_bytes())?;
    Ok(chain.api().addr_humanize(&address).map_err(app)?)
}

impl Network {
    fn bring_up<M: Serialize>(
        &mut self,
        code_id: u64,
        name: &str,
        predicted: &Addr,
        funds: u128,
        msg: &M,
    ) -> anyhow::Result<()> {
        let msg = WasmMsg::Instantiate2 {
            admin: Some(self.authority.to_string()),
            code_id,
            label: format!("lyceum/{name}"),
            msg: to_json_binary(msg).map_err(app)?,
            funds: if funds == 0 { vec![] } else { coins(funds, DENOM) },
            salt: name.as_bytes().to_vec().into(),
        };
        self.app
            .execute(self.authority.clone(), msg.into())
            .map_err(app)
            .with_context(|| format!("{name} does not come up"))?;
        // Everything else was configured with the prediction.
        self.app
            .contract_data(predicted)
            .map_err(app)
            .with_context(|| format!("{name} is not at {predicted}"))?;
        Ok(())
    }
}
