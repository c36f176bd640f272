//! Learning blocks that seal, and rewards that are pulled from them.

use anyhow::{Context, bail};
use cosmwasm_std::Addr;
use lyceum_api::attestation::Attestation;
use lyceum_api::rewards;
use lyceum_api::tasks::{ExecuteMsg, OpenLearningBlockResponse, QueryMsg};

use crate::{Ledger, Network};

impl<L: Ledger> Network<L> {
    /// The learning block in which accepted claims count until it seals.
    pub fn open_learning_block(&self) -> anyhow::Result<OpenLearningBlockResponse> {
        self.query(&self.at.tasks, &QueryMsg::OpenLearningBlock {})
    }

    /// Seals the open learning block as the contracts demand it: the gain of its accepted claims must reach the
    /// threshold of the present time (which falls as time passes), and a drawn panel attests that no domain has
    /// become worse. Gives what was sealed. Before the threshold is reached, the contract refuses.
    pub fn seal_learning_block(&mut self) -> anyhow::Result<rewards::LearningBlockResponse> {
        let number = self.open_learning_block()?.number;
        self.anyone(&ExecuteMsg::CheckHeads {})?;
        let panel = self.open_learning_block()?.panel.context("a check of the heads has a panel")?;
        let drawn = self.draw_panel(panel)?;
        self.attest(&drawn, |network, panel, _| {
            let heads = network.unharmed(panel)?;
            Ok(Attestation { sound: true, intervals: vec![], scored: None, heads })
        })?;
        self.anyone(&ExecuteMsg::Settle { panel })?;
        if self.open_learning_block()?.number == number {
            bail!("learning block {number} is held back: panel {panel} did not find every domain unharmed");
        }
        self.query(&self.at.rewards, &rewards::QueryMsg::LearningBlock { learning_block: number })
    }

    /// What an account may pull now: payments that were credited, and its shares of sealed learning blocks.
    pub fn claimable(&self, account: &Addr) -> anyhow::Result<rewards::ClaimableResponse> {
        let query = rewards::QueryMsg::Claimable { account: account.to_string(), limit: None };
        self.query(&self.at.rewards, &query)
    }

    /// Has an account pull what it may, and gives how much it holds more than before, ulyc. Refused if there is
    /// nothing to pull.
    pub fn claim_rewards(&mut self, account: &Addr) -> anyhow::Result<u128> {
        let (contract, before) = (self.at.rewards.clone(), self.balance(account)?);
        self.execute(account, &contract, &rewards::ExecuteMsg::Claim { limit: None }, 0)?;
        self.balance(account)?.checked_sub(before).context("a claim takes nothing from whoever makes it")
    }
}
