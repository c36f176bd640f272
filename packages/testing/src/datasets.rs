//! Datasets that are proposed, audited, voted and passed.

use anyhow::{Context, bail};
use cosmwasm_std::Addr;
use lyceum_api::Hash32;
use lyceum_api::canonical::{Canonical, commitment};
use lyceum_api::datasets::{
    self, AUDIT_COMMIT, AuditReport, AuditsResponse, DatasetManifest, DatasetResponse, ExecuteMsg,
    PowerResponse, QueryMsg, Shard, Source, Status,
};

use crate::{Ledger, Network};

impl<L: Ledger> Network<L> {
    /// Takes a dataset of these shards through audit and vote to its tier (gold, if the audit's measures and
    /// four fifths of the power allow) and gives its id. Needs auditors and GPU owners: see [`Network::staff`].
    pub fn pass_dataset(&mut self, name: &str, shards: &[Shard]) -> anyhow::Result<u64> {
        let proposer = self.account("contributor");
        let id = self.propose_dataset(&proposer, name, shards)?;
        self.audit_dataset(id, &Network::clean_audit())?;
        self.vote_dataset(id, true)?;
        match self.dataset(id)?.status {
            Status::Approved { .. } => Ok(id),
            other => bail!("dataset {id} did not pass: {other:?}"),
        }
    }

    /// Proposes a dataset under MIT with its deposit, which is minted for the proposer.
    pub fn propose_dataset(&mut self, proposer: &Addr, name: &str, shards: &[Shard]) -> anyhow::Result<u64> {
        let contract = self.at.datasets.clone();
        let config: datasets::ConfigResponse = self.query(&contract, &QueryMsg::Config {})?;
        let deposit = config.params.deposit.u128();
        self.fund(proposer, deposit)?;
        let manifest = DatasetManifest {
            name: name.to_owned(),
            licence: "MIT".to_owned(),
            source: Source::Curated,
            shards: shards.to_vec(),
        };
        self.execute(proposer, &contract, &ExecuteMsg::Propose { manifest }, deposit)?;
        let page_after = |start_after| QueryMsg::Datasets { start_after, limit: None };
        let last_of = |page: &datasets::DatasetsResponse| page.datasets.last().map(|dataset| dataset.id);
        self.last_id(&contract, page_after, last_of)?.context("a proposal was accepted and is not listed")
    }

    /// Draws the auditors of a dataset and has each find this.
    pub fn audit_dataset(&mut self, dataset: u64, report: &AuditReport) -> anyhow::Result<()> {
        let contract = self.at.datasets.clone();
        let anyone = self.account("anyone");
        let Status::Proposed { round } = self.dataset(dataset)?.status else {
            bail!("dataset {dataset} is not waiting for auditors");
        };
        self.post_round(round)?;
        self.execute(&anyone, &contract, &ExecuteMsg::DrawAuditors { dataset }, 0)?;
        let seats: AuditsResponse = self.query(&contract, &QueryMsg::Audits { dataset })?;
        let chain = self.chain_id();
        let salt = |node: &Addr| Hash32::of(node.as_bytes()).0;
        for seat in &seats.seats {
            let (node, content) = (seat.node.as_str(), report.hash());
            let salt = salt(&seat.node);
            let commit = commitment(AUDIT_COMMIT, &chain, contract.as_str(), dataset, node, &content, &salt);
            self.execute(&seat.node, &contract, &ExecuteMsg::CommitAudit { dataset, commit }, 0)?;
        }
        for seat in &seats.seats {
            let reveal = ExecuteMsg::RevealAudit {
                dataset,
                report: report.clone(),
                salt: salt(&seat.node).to_vec().into(),
            };
            self.execute(&seat.node, &contract, &reveal, 0)?;
        }
        self.execute(&anyone, &contract, &ExecuteMsg::CloseAudit { dataset }, 0)?;
        Ok(())
    }

    /// Has every node with power vote alike, waits for the end of the vote and closes it.
    pub fn vote_dataset(&mut self, dataset: u64, yes: bool) -> anyhow::Result<()> {
        let contract = self.at.datasets.clone();
        let info = self.dataset(dataset)?;
        let Status::Voting { until, .. } = info.status else {
            bail!("dataset {dataset} has no open vote: {:?}", info.status);
        };
        for voter in self.bonded.clone() {
            let query = QueryMsg::Power { node: voter.to_string(), height: Some(info.height) };
            let power: PowerResponse = self.query(&contract, &query)?;
            if power.power > 0 {
                self.execute(&voter, &contract, &ExecuteMsg::Vote { dataset, yes }, 0)?;
            }
        }
        self.travel_past(until);
        let anyone = self.account("anyone");
        self.execute(&anyone, &contract, &ExecuteMsg::CloseVote { dataset }, 0)?;
        Ok(())
    }

    /// What `datasets` says of a dataset.
    pub fn dataset(&self, dataset: u64) -> anyhow::Result<DatasetResponse> {
        self.query(&self.at.datasets, &QueryMsg::Dataset { dataset })
    }
}

impl Network {
    /// What an auditor finds in clean, useful text.
    pub fn clean_audit() -> AuditReport {
        AuditReport { licence_ok: true, pii_ppm: 0, toxicity_ppm: 0, duplicates_ppm: 0, gain: 10_000_000 }
    }
}
