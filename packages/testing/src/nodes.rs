//! Nodes that bond, mature and bind GPUs.

use cosmwasm_std::Addr;
use lyceum_api::Hash32;
use lyceum_api::nodes::{self, Role, gpu_id};
use lyceum_api::rewards;
use lyceum_api::tasks::CLASS_FP32;

use crate::{LYC, Ledger, Network, PeerKey};

/// A standard crew: enough nodes for every draw of this network.
#[derive(Debug, Clone)]
pub struct Crew {
    /// Opens tasks.
    pub coordinator: Addr,
    /// Own GPUs and vote on datasets.
    pub owners: Vec<Addr>,
    /// Sit on panels; enough for a committee and a dispute's 2k + 1 others.
    pub evaluators: Vec<Addr>,
}

impl<L: Ledger> Network<L> {
    /// Registers a node under its own operator and bonds stake (ulyc), which is minted for this.
    pub fn bond_node(&mut self, name: &str, stake: u128, roles: &[Role]) -> anyhow::Result<Addr> {
        let node = self.account(name);
        self.register_node(name, name, roles)?;
        self.bond(&node, stake)?;
        Ok(node)
    }

    /// Registers a node under an operator, without stake.
    pub fn register_node(&mut self, name: &str, operator: &str, roles: &[Role]) -> anyhow::Result<Addr> {
        let (node, contract, key) = (self.account(name), self.at.nodes.clone(), PeerKey::of(name));
        let proof = key.prove(&self.chain_id(), &contract, &node);
        let evaluates = roles.contains(&Role::Evaluator);
        let register = nodes::ExecuteMsg::Register {
            operator: operator.to_owned(),
            peer_key: key.public(),
            proof,
            roles: roles.to_vec(),
            classes: if evaluates { vec![CLASS_FP32.to_owned()] } else { vec![] },
            addresses: vec![],
        };
        self.execute(&node, &contract, &register, 0)?;
        self.bonded.push(node.clone());
        Ok(node)
    }

    /// Mints stake (ulyc) for a node and has it bond that: what the node held before stays as it is.
    pub fn bond(&mut self, node: &Addr, stake: u128) -> anyhow::Result<()> {
        self.fund(node, stake)?;
        let contract = self.at.nodes.clone();
        self.execute(node, &contract, &nodes::ExecuteMsg::Bond {}, stake)?;
        Ok(())
    }

    /// Mints stake (ulyc) for an account and has it delegate that to a node: what the account held before stays as it
    /// is. To delegate coins that the account has, send [`nodes::ExecuteMsg::Delegate`] with [`Network::execute`].
    pub fn delegate(&mut self, who: &Addr, node: &Addr, stake: u128) -> anyhow::Result<()> {
        self.fund(who, stake)?;
        let contract = self.at.nodes.clone();
        self.execute(who, &contract, &nodes::ExecuteMsg::Delegate { node: node.to_string() }, stake)?;
        Ok(())
    }

    /// What an account has delegated to a node, and its rewards.
    pub fn delegation(&self, who: &Addr, node: &Addr) -> anyhow::Result<nodes::DelegationResponse> {
        let (node, delegator) = (node.to_string(), who.to_string());
        self.query(&self.at.nodes, &nodes::QueryMsg::Delegation { node, delegator })
    }

    /// Has somebody without a part in anything share a node's emission with its delegators.
    pub fn share(&mut self, node: &Addr) -> anyhow::Result<()> {
        let (contract, anyone) = (self.at.rewards.clone(), self.account("anyone"));
        let msg = rewards::ExecuteMsg::Share { node: node.to_string(), limit: None };
        self.execute(&anyone, &contract, &msg, 0)?;
        Ok(())
    }

    /// Binds so many declared GPUs to a node.
    pub fn bind_gpus(&mut self, node: &Addr, count: u32) -> anyhow::Result<()> {
        let contract = self.at.nodes.clone();
        let config: nodes::ConfigResponse = self.query(&contract, &nodes::QueryMsg::Config {})?;
        for i in 0..count {
            let gpu: Hash32 = gpu_id(&config.gpu_salt, &format!("{node}/{i}"));
            self.execute(node, &contract, &nodes::ExecuteMsg::BindGpu { gpu }, 0)?;
        }
        Ok(())
    }

    /// Waits until the stake of every node counts in draws, and for the next epoch that knows it.
    pub fn mature(&mut self) -> anyhow::Result<()> {
        let contract = self.at.nodes.clone();
        let config: nodes::ConfigResponse = self.query(&contract, &nodes::QueryMsg::Config {})?;
        self.travel(config.params.maturity_seconds + 1);
        let anyone = self.account("anyone");
        for node in self.bonded.clone() {
            let info = self.node(&node)?;
            if info.matured < info.stake {
                self.execute(&anyone, &contract, &nodes::ExecuteMsg::Mature { node: node.to_string() }, 0)?;
            }
        }
        self.travel(config.params.epoch_seconds);
        Ok(())
    }

    /// Bonds a coordinator, four GPU owners and 20 evaluators, 2000 LYC each, and lets their stake mature.
    pub fn staff(&mut self) -> anyhow::Result<Crew> {
        let coordinator = self.bond_node("coordinator", 2_000 * LYC, &[Role::Coordinator])?;
        let mut owners = Vec::new();
        for i in 0..4 {
            let owner = self.bond_node(&format!("owner-{i}"), 2_000 * LYC, &[Role::Storage])?;
            self.bind_gpus(&owner, 2)?;
            owners.push(owner);
        }
        let mut evaluators = Vec::new();
        for i in 0..20 {
            evaluators.push(self.bond_node(&format!("evaluator-{i}"), 2_000 * LYC, &[Role::Evaluator])?);
        }
        self.mature()?;
        Ok(Crew { coordinator, owners, evaluators })
    }

    /// What `nodes` says of a node.
    pub fn node(&self, node: &Addr) -> anyhow::Result<nodes::NodeResponse> {
        self.query(&self.at.nodes, &nodes::QueryMsg::Node { node: node.to_string() })
    }
}
