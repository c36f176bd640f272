//! Making an x/group. Which account its policy has is the chain's choice and an endpoint's word, and whoever is handed
//! a network's authority has the network: so every endpoint is asked whether that account is what was made.

use std::collections::BTreeSet;
use std::time::Duration;

use cosmrs::Any;
use cosmwasm_std::{Addr, Decimal};
use lyceum_chain::cosmos::{Client, Included, Settings, check_address};
use prost::Message as _;

use super::{chain, group};
use crate::failure::{Failure, Refusal};
use crate::session::look_as_nobody;

/// The kind of policy that decides by a part of all votes.
const DECIDES: &str = "PercentageDecisionPolicy";
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
    /// The message that creates it, governing itself.
    pub fn message(&self, client: &Client) -> Any {
        let windows = Some(self.windows());
        let policy = group::PercentagePolicy { percentage: self.percentage.to_string(), windows };
        let member = |m: &Addr| group::Member { address: m.to_string(), weight: "1".to_owned() };
        let msg = group::CreateGroup {
            admin: client.account().to_string(),
            members: self.members.iter().map(member).collect(),
            policy_as_admin: true,
            policy: Some(group::any(DECIDES, &policy)),
        };
        group::any("MsgCreateGroupWithPolicy", &msg)
    }

    /// The account of the policy that was created, as one endpoint tells it.
    pub fn created(done: &Included, prefix: &str) -> anyhow::Result<String> {
        let is_account = |a: &group::GroupCreated| check_address(&a.policy, prefix).is_ok();
        let answer = chain::answer(done).filter(is_account);
        let Some(answer) = answer else {
            let words = format!(
                "the group is made, and the chain leaves out which account its policy has: transaction {} at height \
                 {} has it in its events",
                done.hash, done.height
            );
            return Err(Refusal::new(Failure::Network, "group.unnamed", words).into());
        };
        Ok(answer.policy)
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
            let Some(found) = found else { continue };
            if !self.is(&found) {
                let words = format!(
                    "{rpc} says that {policy} is a policy of other members, decides otherwise or can be changed by \
                     others: one of your endpoints lies; do not give it authority over anything"
                );
                return Err(Refusal::new(Failure::Network, "group.disputed", words).into());
            }
            said += 1;
        }
        Ok(said)
    }

    fn windows(&self) -> group::Windows {
        let seconds =
            |seconds: u64| Some(group::Duration { seconds: i64::try_from(seconds).unwrap_or(i64::MAX) });
        group::Windows { voting_period: seconds(self.voting_seconds), min_execution_period: seconds(0) }
    }

    fn is(&self, found: &Found) -> bool {
        let Found { policy, decides, group_admin, members } = found;
        let weight = |m: &group::Member| m.weight.parse::<Decimal>().is_ok_and(|w| w == Decimal::one());
        let named: BTreeSet<&str> = members.iter().map(|m| m.address.as_str()).collect();
        let meant: BTreeSet<&str> = self.members.iter().map(Addr::as_str).collect();
        // Whoever may change the policy or the members has what the policy has.
        policy.admin == policy.address
            && *group_admin == policy.address
            && decides.percentage.parse::<Decimal>().is_ok_and(|p| p == self.percentage)
            && same(decides.windows.as_ref(), &self.windows())
            && members.iter().all(weight)
            && members.len() == self.members.len()
            && named == meant
    }
}

/// Nothing is sent where it is nought.
fn same(found: Option<&group::Windows>, meant: &group::Windows) -> bool {
    let seconds = |d: Option<&group::Duration>| d.map_or(0, |d| d.seconds);
    let both =
        |w: &group::Windows| (seconds(w.voting_period.as_ref()), seconds(w.min_execution_period.as_ref()));
    found.is_some_and(|found| both(found) == both(meant))
}

/// A policy and its group, as an endpoint tells them.
#[derive(Debug)]
struct Found {
    policy: group::PolicyInfo,
    decides: group::PercentagePolicy,
    group_admin: String,
    members: Vec<group::Member>,
}

async fn seen(client: &Client, policy: &str) -> anyhow::Result<Found> {
    let request = group::PolicyRequest { address: policy.to_owned() };
    let answer: group::PolicyResponse =
        client.abci("/cosmos.group.v1.Query/GroupPolicyInfo", &request, None).await?;
    let Some(policy) = answer.info.filter(|i| i.address == policy) else { anyhow::bail!("no policy") };
    let decides = policy.policy.clone().unwrap_or_default();
    // One of another kind decides by no part of votes, and so is not what was made.
    let decides = match decides.type_url.ends_with(&format!(".{DECIDES}")) {
        true => group::PercentagePolicy::decode(decides.value.as_slice())?,
        false => group::PercentagePolicy::default(),
    };
    let request = group::InfoRequest { group: policy.group };
    let answer: group::InfoResponse = client.abci("/cosmos.group.v1.Query/GroupInfo", &request, None).await?;
    let Some(info) = answer.info.filter(|i| i.group == policy.group) else { anyhow::bail!("no group") };
    let request = group::MembersRequest { group: policy.group };
    let answer: group::MembersResponse =
        client.abci("/cosmos.group.v1.Query/GroupMembers", &request, None).await?;
    let members = answer.members.into_iter().filter_map(|m| m.member).collect();
    Ok(Found { policy, decides, group_admin: info.admin, members })
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
        let found = |percentage: &str, all: &[(&str, &str)]| {
            let member =
                |(a, w): &(&str, &str)| group::Member { address: (*a).to_owned(), weight: (*w).to_owned() };
            let (address, admin) = ("p".to_owned(), "p".to_owned());
            Found {
                policy: group::PolicyInfo { address, admin, ..group::PolicyInfo::default() },
                decides: group::PercentagePolicy {
                    percentage: percentage.to_owned(),
                    windows: Some(group.windows()),
                },
                group_admin: "p".to_owned(),
                members: all.iter().map(member).collect(),
            }
        };
        let all = [("c", "1"), ("a", "1"), ("b", "1.0")];
        let made = || found("0.670000000000000000", &all);
        assert!(group.is(&made()));
        assert!(!group.is(&found("0.5", &all)), "fewer decide");
        assert!(!group.is(&found("", &all)), "another kind of policy");
        assert!(!group.is(&found("0.67", &all[..2])), "one is missing");
        assert!(!group.is(&found("0.67", &[("a", "1"), ("b", "1"), ("x", "1")])), "one is another");
        assert!(!group.is(&found("0.67", &[("a", "1"), ("b", "1"), ("c", "9")])), "one weighs more");
        let twice = [("a", "1"), ("b", "1"), ("c", "1"), ("c", "1")];
        assert!(!group.is(&found("0.67", &twice)), "one counts twice");
        let owned = |change: fn(&mut Found)| {
            let mut found = made();
            change(&mut found);
            found
        };
        assert!(!group.is(&owned(|f| f.group_admin = "x".to_owned())), "another may change the members");
        assert!(!group.is(&owned(|f| f.policy.admin = "x".to_owned())), "another may change the policy");
        assert!(!group.is(&owned(|f| f.decides.windows = None)), "votes are taken for another time");
    }
}
