//! Making an x/group. Which account its policy has is the chain's choice and an endpoint's word, and whoever is handed
//! a network's authority has the network: so every endpoint is asked whether that account is what was made.

use std::collections::BTreeSet;
use std::time::Duration;

use cosmwasm_std::{Addr, Decimal};
use lyceum_chain::cosmos::{Client, Included, Settings};
use prost::Message as _;

use super::group;
use crate::failure::{Failure, Refusal};
use crate::session::look_as_nobody;

/// How often, and how far apart, an endpoint is asked that may be some blocks behind.
const LOOKS: u32 = 20;
const APART: Duration = Duration::from_millis(500);

/// A group that does not exist yet.
#[derive(Debug)]
pub struct NewGroup {
    /// Its members, each with one vote.
    pub members: Vec<Addr>,
    /// The part of all votes that decides.
    pub percentage: Decimal,
    /// How long votes are taken.
    pub voting_seconds: u64,
}

impl NewGroup {
    /// Creates it, governing itself; gives its policy's account as one endpoint tells it.
    pub async fn create(&self, client: &Client) -> anyhow::Result<(String, Included)> {
        let seconds =
            |seconds: u64| Some(group::Duration { seconds: i64::try_from(seconds).unwrap_or(i64::MAX) });
        let policy = group::PercentagePolicy {
            percentage: self.percentage.to_string(),
            windows: Some(group::Windows {
                voting_period: seconds(self.voting_seconds),
                min_execution_period: seconds(0),
            }),
        };
        let member = |m: &Addr| group::Member { address: m.to_string(), weight: "1".to_owned() };
        let msg = group::CreateGroup {
            admin: client.account().to_string(),
            members: self.members.iter().map(member).collect(),
            policy_as_admin: true,
            policy: Some(group::any("PercentageDecisionPolicy", &policy)),
        };
        let done = client.send(vec![group::any("MsgCreateGroupWithPolicy", &msg)]).await?;
        let answer = done.data.first().and_then(|any| group::GroupCreated::decode(any.value.as_slice()).ok());
        let Some(answer) = answer.filter(|a| !a.policy.is_empty()) else {
            anyhow::bail!("the chain does not say which account the group's policy has")
        };
        Ok((answer.policy, done))
    }

    /// How many endpoints say that a policy's account is this group's. One that says something else ends it; one that
    /// is silent does not count.
    pub async fn confirm(&self, settings: &Settings, policy: &str) -> anyhow::Result<usize> {
        let mut said = 0;
        for rpc in &settings.rpc {
            let alone = Settings { rpc: vec![rpc.clone()], ..settings.clone() };
            let Ok(client) = look_as_nobody(alone).await else { continue };
            let mut found = None;
            for _ in 0..LOOKS {
                found = seen(&client, policy).await.ok();
                if found.is_some() {
                    break;
                }
                tokio::time::sleep(APART).await;
            }
            let Some((percentage, members)) = found else { continue };
            if !self.is(&percentage, &members) {
                let words = format!(
                    "{rpc} says that {policy} is a policy of other members or another part of their votes: one of \
                     your endpoints lies; do not give it authority over anything"
                );
                return Err(Refusal::new(Failure::Network, "group.disputed", words).into());
            }
            said += 1;
        }
        Ok(said)
    }

    fn is(&self, percentage: &str, members: &[group::Member]) -> bool {
        let weight = |m: &group::Member| m.weight.parse::<Decimal>().is_ok_and(|w| w == Decimal::one());
        let found: BTreeSet<&str> = members.iter().map(|m| m.address.as_str()).collect();
        let meant: BTreeSet<&str> = self.members.iter().map(Addr::as_str).collect();
        percentage.parse::<Decimal>().is_ok_and(|p| p == self.percentage)
            && members.iter().all(weight)
            && members.len() == self.members.len()
            && found == meant
    }
}

/// The part of votes that decides, and the members, as an endpoint tells them.
async fn seen(client: &Client, policy: &str) -> anyhow::Result<(String, Vec<group::Member>)> {
    let request = group::PolicyRequest { address: policy.to_owned() };
    let answer: group::PolicyResponse =
        client.abci("/cosmos.group.v1.Query/GroupPolicyInfo", &request, None).await?;
    let Some(info) = answer.info.filter(|i| i.address == policy) else { anyhow::bail!("no policy") };
    let decides = info.policy.unwrap_or_default();
    let decides = group::PercentagePolicy::decode(decides.value.as_slice())?;
    let request = group::MembersRequest { group: info.group };
    let answer: group::MembersResponse =
        client.abci("/cosmos.group.v1.Query/GroupMembers", &request, None).await?;
    Ok((decides.percentage, answer.members.into_iter().filter_map(|m| m.member).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_very_group_that_was_made_is_confirmed() {
        let group = NewGroup {
            members: ["a", "b", "c"].map(Addr::unchecked).to_vec(),
            percentage: Decimal::percent(67),
            voting_seconds: 1,
        };
        let of = |all: &[(&str, &str)]| -> Vec<group::Member> {
            let member =
                |(a, w): &(&str, &str)| group::Member { address: (*a).to_owned(), weight: (*w).to_owned() };
            all.iter().map(member).collect()
        };
        assert!(group.is("0.670000000000000000", &of(&[("c", "1"), ("a", "1"), ("b", "1.0")])));
        assert!(!group.is("0.5", &of(&[("a", "1"), ("b", "1"), ("c", "1")])), "fewer decide");
        assert!(!group.is("0.67", &of(&[("a", "1"), ("b", "1")])), "one is missing");
        assert!(!group.is("0.67", &of(&[("a", "1"), ("b", "1"), ("x", "1")])), "one is another");
        assert!(!group.is("0.67", &of(&[("a", "1"), ("b", "1"), ("c", "9")])), "one weighs more");
        assert!(
            !group.is("0.67", &of(&[("a", "1"), ("b", "1"), ("c", "1"), ("c", "1")])),
            "one counts twice"
        );
        assert!(!group.is("", &[]));
    }
}
