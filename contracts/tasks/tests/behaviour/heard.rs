//! What the neighbours heard, as a test asks for it.
use cosmwasm_std::Addr;
use lyceum_api::DENOM;
use serde::de::DeserializeOwned;

use crate::mocks;
use crate::world::World;

impl World {
    pub fn log<T: serde::Serialize + DeserializeOwned>(
        &self,
        of: &Addr,
        log: cw_storage_plus::Item<Vec<T>>,
    ) -> Vec<T> {
        log.may_load(&*self.app.contract_storage(of)).unwrap().unwrap_or_default()
    }

    pub fn set<T: serde::Serialize + DeserializeOwned>(
        &mut self,
        of: &Addr,
        item: cw_storage_plus::Item<T>,
        value: &T,
    ) {
        item.save(&mut *self.app.contract_storage_mut(of), value).unwrap();
    }

    /// What an account was credited for a reason.
    pub fn credited(&self, account: &Addr, reason: &str) -> u128 {
        let payments = self.log(&self.rewards, mocks::PAYMENTS);
        let own = payments.iter().filter(|p| p.account == account.as_str() && p.reason == reason);
        own.map(|p| p.amount.u128()).sum()
    }

    pub fn treasury(&self) -> u128 {
        mocks::TREASURY
            .may_load(&*self.app.contract_storage(&self.rewards))
            .unwrap()
            .unwrap_or_default()
            .u128()
    }

    /// What the contract holds.
    pub fn held(&self) -> u128 {
        self.app.wrap().query_balance(&self.tasks, DENOM).unwrap().amount.to_string().parse().unwrap()
    }

    /// Stake that was to be taken: who, and why.
    pub fn slashes(&self) -> Vec<(Addr, lyceum_api::nodes::SlashReason)> {
        let reports = self.log(&self.nodes, mocks::REPORTS);
        let slash = |event| match event {
            lyceum_api::nodes::NodeEvent::Slash { node, reason, .. } => Some((Addr::unchecked(node), reason)),
            _ => None,
        };
        reports.into_iter().filter_map(slash).collect()
    }

    pub fn outcomes(&self) -> Vec<lyceum_api::nodes::Outcome> {
        let reports = self.log(&self.nodes, mocks::REPORTS);
        let outcome = |event| match event {
            lyceum_api::nodes::NodeEvent::ClaimClosed { outcome, .. } => Some(outcome),
            _ => None,
        };
        reports.into_iter().filter_map(outcome).collect()
    }
}
