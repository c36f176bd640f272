//! What only the authority may do: it is a key, an x/group policy, or the chain's governance, and the same messages
//! go through each. A key sends them; a group and governance are asked, by a proposal that others vote on.

use cosmos_sdk_proto::cosmos::base::v1beta1::Coin;
use cosmos_sdk_proto::cosmos::gov::v1 as gov;
use cosmrs::Any;
use cosmwasm_std::Addr;
use lyceum_api::{DENOM, charter};
use lyceum_chain::cosmos::{Client, Included};
use lyceum_chain::{ChainError, Deployment};
use prost::Message as _;
use sha2::{Digest, Sha256};

use super::chain;
use super::group;
use crate::failure::{Failure, Refusal};

/// What an authority is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The key at hand.
    Key,
    /// An x/group policy.
    Group,
    /// The chain's governance.
    Gov,
}

/// What became of the authority's messages.
#[derive(Debug)]
pub enum Acted {
    /// They are carried out.
    Done(Included),
    /// They are proposed.
    Proposed {
        /// To whom.
        kind: Kind,
        /// Its id.
        proposal: u64,
    },
}

fn gov_any<M: prost::Message>(name: &str, msg: &M) -> Any {
    Any { type_url: format!("/cosmos.gov.v1.{name}"), value: msg.encode_to_vec() }
}

/// The account of the chain's governance.
fn gov_account(prefix: &str) -> anyhow::Result<String> {
    let account = cosmrs::AccountId::new(prefix, &Sha256::digest(b"gov")[..20]);
    Ok(account.map_err(|e| anyhow::anyhow!("{e}"))?.to_string())
}

/// What an authority is to the key at hand.
pub async fn kind(client: &Client, authority: &str) -> anyhow::Result<Kind> {
    if authority == client.account().as_str() {
        return Ok(Kind::Key);
    }
    if authority == gov_account(&client.settings().prefix)? {
        return Ok(Kind::Gov);
    }
    let request = group::PolicyRequest { address: authority.to_owned() };
    let answer =
        client.abci::<_, group::PolicyResponse>("/cosmos.group.v1.Query/GroupPolicyInfo", &request, None);
    match answer.await {
        Ok(group::PolicyResponse { info: Some(info) }) if info.address == authority => {
            return Ok(Kind::Group);
        }
        Ok(_) => {}
        // A chain without groups, or without this one, says so.
        Err(ChainError::Query { .. } | ChainError::Refused { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    let words = format!(
        "the authority is {authority}, which is neither this key ({}) nor a group policy nor the chain's governance: \
         sign with the authority's own key",
        client.account()
    );
    Err(Refusal::new(Failure::Key, "authority.other", words).into())
}

/// Has the authority send messages: at once, or by a proposal.
pub async fn act(client: &Client, authority: &str, title: &str, messages: Vec<Any>) -> anyhow::Result<Acted> {
    let me = client.account().to_string();
    let kind = kind(client, authority).await?;
    let msg = match kind {
        Kind::Key => return Ok(Acted::Done(client.send(messages).await?)),
        Kind::Group => {
            let msg = group::SubmitProposal {
                policy: authority.to_owned(),
                proposers: vec![me],
                messages,
                exec: group::TRY,
                title: title.to_owned(),
                summary: title.to_owned(),
            };
            group::any("MsgSubmitProposal", &msg)
        }
        Kind::Gov => {
            let messages =
                messages.into_iter().map(|m| cosmos_sdk_proto::Any { type_url: m.type_url, value: m.value });
            let msg = gov::MsgSubmitProposal {
                messages: messages.collect(),
                initial_deposit: deposit(client).await?,
                proposer: me,
                title: title.to_owned(),
                summary: title.to_owned(),
                ..gov::MsgSubmitProposal::default()
            };
            gov_any("MsgSubmitProposal", &msg)
        }
    };
    let done = client.send(vec![msg]).await?;
    // Both modules answer with the id alone, under the same tag.
    let answer = done.data.first().and_then(|any| group::Submitted::decode(any.value.as_slice()).ok());
    let Some(answer) = answer else {
        anyhow::bail!("the chain does not say under which id it took the proposal")
    };
    Ok(Acted::Proposed { kind, proposal: answer.proposal })
}

/// What governance wants before it lets anybody vote.
async fn deposit(client: &Client) -> anyhow::Result<Vec<Coin>> {
    let request = gov::QueryParamsRequest { params_type: "deposit".to_owned() };
    let answer: gov::QueryParamsResponse = client.abci("/cosmos.gov.v1.Query/Params", &request, None).await?;
    let wanted = answer.params.map(|p| p.min_deposit).unwrap_or_default();
    Ok(wanted.into_iter().filter(|coin| coin.denom == DENOM).collect())
}

/// Votes on a proposal to the authority.
pub async fn vote(
    client: &Client,
    authority: &str,
    proposal: u64,
    yes: bool,
    exec: bool,
) -> anyhow::Result<Included> {
    let option = if yes { group::YES } else { group::NO };
    let voter = client.account().to_string();
    let msg = match kind(client, authority).await? {
        Kind::Gov => gov_any(
            "MsgVote",
            &gov::MsgVote { proposal_id: proposal, voter, option, ..gov::MsgVote::default() },
        ),
        Kind::Group => {
            let exec = if exec { group::TRY } else { 0 };
            group::any("MsgVote", &group::Vote { proposal, voter, option, exec })
        }
        Kind::Key => return Err(nothing_to_vote()),
    };
    Ok(client.send(vec![msg]).await?)
}

fn nothing_to_vote() -> anyhow::Error {
    let words = "this key is the authority: nobody votes, what it sends is done";
    Refusal::new(Failure::Input, "authority.key", words).into()
}

/// Has an accepted proposal of a group executed; governance executes by itself.
pub async fn execute(client: &Client, authority: &str, proposal: u64) -> anyhow::Result<Included> {
    match kind(client, authority).await? {
        Kind::Group => {}
        Kind::Gov => {
            let words = "governance executes what it accepted by itself, when its voting period ends";
            return Err(Refusal::new(Failure::Input, "authority.gov", words).into());
        }
        Kind::Key => return Err(nothing_to_vote()),
    }
    let request = group::ProposalRequest { proposal };
    let before: group::ProposalResponse =
        client.abci("/cosmos.group.v1.Query/Proposal", &request, None).await?;
    if before.proposal.is_none_or(|p| p.policy != authority) {
        let words = format!("proposal {proposal} is not one to the authority {authority}");
        return Err(Refusal::new(Failure::Input, "authority.proposal", words).into());
    }
    let msg = group::Execute { proposal, executor: client.account().to_string() };
    let done = client.send(vec![group::any("MsgExec", &msg)]).await?;
    // A proposal that was executed is pruned; one that failed, or is not accepted, is still there.
    match client.abci::<_, group::ProposalResponse>("/cosmos.group.v1.Query/Proposal", &request, None).await {
        Ok(group::ProposalResponse { proposal: Some(left) }) => {
            let why = match (left.status, left.executed) {
                (_, 3) => format!("its messages failed: {}", logs(&done)),
                (1, _) => "not enough members have voted yes yet".to_owned(),
                _ => "it was not accepted".to_owned(),
            };
            let words = format!("proposal {proposal} ({}) is not carried out: {why}", left.title);
            Err(Refusal::new(Failure::Refused, "authority.not_executed", words).into())
        }
        _ => Ok(done),
    }
}

/// What the module says of messages that failed.
fn logs(done: &Included) -> String {
    let of_exec = done.events.iter().filter(|e| e.ty.ends_with("EventExec"));
    let said = of_exec.flat_map(|e| &e.attributes).find(|a| a.key == "logs").map(|a| a.value.clone());
    said.unwrap_or_else(|| "the chain does not say why".to_owned())
}

/// Creates a group whose members decide at a percentage of their weights, and that governs itself; gives the policy's
/// account.
pub async fn create_group(
    client: &Client,
    members: &[Addr],
    percentage: &str,
    voting_seconds: u64,
) -> anyhow::Result<(String, Included)> {
    let seconds =
        |seconds: u64| Some(group::Duration { seconds: i64::try_from(seconds).unwrap_or(i64::MAX) });
    let policy = group::PercentagePolicy {
        percentage: percentage.to_owned(),
        windows: Some(group::Windows {
            voting_period: seconds(voting_seconds),
            min_execution_period: seconds(0),
        }),
    };
    let member = |m: &Addr| group::Member { address: m.to_string(), weight: "1".to_owned() };
    let msg = group::CreateGroup {
        admin: client.account().to_string(),
        members: members.iter().map(member).collect(),
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

/// Actions through the charter, whose authority may have handed over since the deployment.
pub async fn act_through_charter(
    client: &Client,
    deployment: &Deployment,
    title: &str,
    actions: Vec<charter::Action>,
) -> anyhow::Result<Acted> {
    let charter = &deployment.contracts.charter;
    let asked = charter::QueryMsg::Charter {};
    let answer: charter::CharterResponse = client.smart(&Addr::unchecked(charter), &asked, None).await?;
    let msg = |action| {
        let msg = serde_json::to_vec(&charter::ExecuteMsg::Act { action })?;
        Ok(chain::execute_msg(&answer.authority, charter, msg))
    };
    let messages = actions.into_iter().map(msg).collect::<anyhow::Result<Vec<_>>>()?;
    act(client, &answer.authority, title, messages).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_account_of_governance_is_the_chains() {
        assert_eq!(gov_account("wasm").unwrap(), "wasm10d07y265gmmuvt4z0w9aw880jnsr700js7zslc");
        assert_eq!(gov_account("cosmos").unwrap(), "cosmos10d07y265gmmuvt4z0w9aw880jnsr700j6zn9kn");
    }
}
