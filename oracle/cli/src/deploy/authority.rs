//! What only the authority may do: it is a key, an x/group policy, or the chain's governance, and the same messages
//! go through each. A key sends them; a group and governance are asked, by a proposal that others vote on.

use cosmos_sdk_proto::cosmos::base::v1beta1::Coin;
use cosmos_sdk_proto::cosmos::gov::v1 as gov;
use cosmrs::Any;
use cosmwasm_std::{Addr, Event};
use lyceum_api::charter;
use lyceum_chain::ChainError;
use lyceum_chain::cosmos::{Client, Fee, Included};
use sha2::{Digest, Sha256};

use super::chain;
use super::deposit::DepositArgs;
use super::group;
use crate::failure::{Failure, Refusal};
use crate::terminal::excerpt;

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

impl Kind {
    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Group => "group",
            Self::Gov => "gov",
        }
    }
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

/// What is asked of an authority beside the messages.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// Its account.
    pub authority: &'a str,
    /// The proposal's title, where one is made.
    pub title: &'a str,
    /// What governance may take as a deposit.
    pub deposit: DepositArgs,
}

/// What a key would sign.
#[derive(Debug)]
pub struct Foreseen {
    /// What the authority is that is asked to act; none where nothing is asked of one.
    pub kind: Option<Kind>,
    /// What the key would sign.
    pub messages: Vec<Any>,
    /// What that costs, and what the chain says while it tries it; nothing if it was not tried.
    pub tried: Option<(Fee, Vec<Event>)>,
}

/// What the key signs to have the authority send messages: these, or a proposal of them.
async fn signed(client: &Client, ask: Ask<'_>, messages: Vec<Any>) -> anyhow::Result<(Kind, Vec<Any>)> {
    let me = client.account().to_string();
    let kind = kind(client, ask.authority).await?;
    let title = ask.title.to_owned();
    let msg = match kind {
        Kind::Key => return Ok((kind, messages)),
        Kind::Group => {
            let msg = group::SubmitProposal {
                policy: ask.authority.to_owned(),
                proposers: vec![me],
                messages,
                exec: group::TRY,
                title: title.clone(),
                summary: title,
            };
            group::any("MsgSubmitProposal", &msg)
        }
        Kind::Gov => {
            let messages =
                messages.into_iter().map(|m| cosmos_sdk_proto::Any { type_url: m.type_url, value: m.value });
            let msg = gov::MsgSubmitProposal {
                messages: messages.collect(),
                initial_deposit: deposit(client, ask).await?,
                proposer: me,
                title: title.clone(),
                summary: title,
                ..gov::MsgSubmitProposal::default()
            };
            gov_any("MsgSubmitProposal", &msg)
        }
    };
    Ok((kind, vec![msg]))
}

/// Refuses an authority that cannot be asked, or not for so little, before anything is paid for.
pub async fn check(client: &Client, ask: Ask<'_>) -> anyhow::Result<()> {
    if kind(client, ask.authority).await? == Kind::Gov {
        deposit(client, ask).await?;
    }
    Ok(())
}

/// Has the authority send messages: at once, or by a proposal.
pub async fn act(client: &Client, ask: Ask<'_>, messages: Vec<Any>) -> anyhow::Result<Acted> {
    let (kind, messages) = signed(client, ask, messages).await?;
    acted(kind, client.send(messages).await?)
}

/// What became of an authority's messages, once what the key signs is done.
pub fn acted(kind: Kind, done: Included) -> anyhow::Result<Acted> {
    if kind == Kind::Key {
        return Ok(Acted::Done(done));
    }
    // Both modules answer with the id alone, under the same tag.
    let Some(group::Submitted { proposal }) = chain::answer(&done) else {
        let words = format!(
            "it is proposed, and the chain leaves out under which id: transaction {} at height {} has it in its events",
            done.hash, done.height
        );
        return Err(Refusal::new(Failure::Network, "authority.unnamed", words).into());
    };
    Ok(Acted::Proposed { kind, proposal })
}

/// What [`act`] would do. It is tried unless the chain lacks what the messages need.
pub async fn foresee(
    client: &Client,
    ask: Ask<'_>,
    messages: Vec<Any>,
    lacking: bool,
) -> anyhow::Result<Foreseen> {
    let (kind, messages) = signed(client, ask, messages).await?;
    let tried = if lacking { None } else { Some(client.foresee(&messages).await?) };
    Ok(Foreseen { kind: Some(kind), messages, tried })
}

/// What messages of the key's own would do.
pub async fn foresee_own(client: &Client, messages: Vec<Any>) -> anyhow::Result<Foreseen> {
    let tried = Some(client.foresee(&messages).await?);
    Ok(Foreseen { kind: None, messages, tried })
}

/// What is deposited for governance to let anybody vote: what an endpoint says that it wants, up to what is allowed.
async fn deposit(client: &Client, ask: Ask<'_>) -> anyhow::Result<Vec<Coin>> {
    let request = gov::QueryParamsRequest { params_type: "deposit".to_owned() };
    let answer: gov::QueryParamsResponse = client.abci("/cosmos.gov.v1.Query/Params", &request, None).await?;
    ask.deposit.allow(&answer.params.map(|p| p.min_deposit).unwrap_or_default())
}

/// The vote on a proposal to the authority.
pub async fn vote(
    client: &Client,
    authority: &str,
    proposal: u64,
    yes: bool,
    exec: bool,
) -> anyhow::Result<Any> {
    let option = if yes { group::YES } else { group::NO };
    let voter = client.account().to_string();
    Ok(match kind(client, authority).await? {
        Kind::Gov => gov_any(
            "MsgVote",
            &gov::MsgVote { proposal_id: proposal, voter, option, ..gov::MsgVote::default() },
        ),
        Kind::Group => {
            let exec = if exec { group::TRY } else { 0 };
            group::any("MsgVote", &group::Vote { proposal, voter, option, exec })
        }
        Kind::Key => return Err(nothing_to_vote()),
    })
}

fn nothing_to_vote() -> anyhow::Error {
    let words = "this key is the authority: nobody votes, what it sends is done";
    Refusal::new(Failure::Input, "authority.key", words).into()
}

const PROPOSAL: &str = "/cosmos.group.v1.Query/Proposal";

/// The message that has an accepted proposal of a group executed; governance executes by itself.
pub async fn execution(client: &Client, authority: &str, proposal: u64) -> anyhow::Result<Any> {
    match kind(client, authority).await? {
        Kind::Group => {}
        Kind::Gov => {
            let words = "governance executes what it accepted by itself, when its voting period ends";
            return Err(Refusal::new(Failure::Input, "authority.gov", words).into());
        }
        Kind::Key => return Err(nothing_to_vote()),
    }
    let request = group::ProposalRequest { proposal };
    let before: group::ProposalResponse = client.abci(PROPOSAL, &request, None).await?;
    if before.proposal.is_none_or(|p| p.policy != authority) {
        let words = format!("proposal {proposal} is not one to the authority {authority}");
        return Err(Refusal::new(Failure::Input, "authority.proposal", words).into());
    }
    let msg = group::Execute { proposal, executor: client.account().to_string() };
    Ok(group::any("MsgExec", &msg))
}

/// Refuses a proposal whose execution was sent and that is not carried out.
pub async fn executed(client: &Client, proposal: u64, done: Included) -> anyhow::Result<Included> {
    let request = group::ProposalRequest { proposal };
    // A proposal that was executed is pruned; one that failed, or is not accepted, is still there.
    match client.abci::<_, group::ProposalResponse>(PROPOSAL, &request, None).await {
        Ok(group::ProposalResponse { proposal: Some(left) }) => {
            let why = match (left.status, left.executed) {
                (_, 3) => format!("its messages failed: {}", excerpt(&logs(&done))),
                (1, _) => "not enough members have voted yes yet".to_owned(),
                _ => "it was not accepted".to_owned(),
            };
            let words = format!("proposal {proposal} ({}) is not carried out: {why}", excerpt(&left.title));
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

/// The messages of actions through the charter, whose authority may have handed over since the deployment: an
/// endpoint that names another one than was meant is not followed.
pub async fn through_charter(
    client: &Client,
    charter: &str,
    authority: &str,
    actions: Vec<charter::Action>,
) -> anyhow::Result<Vec<Any>> {
    let asked = charter::QueryMsg::Charter {};
    let found: charter::CharterResponse = client.smart(&Addr::unchecked(charter), &asked, None).await?;
    if found.authority != authority {
        let found = excerpt(&found.authority);
        let words = format!(
            "the endpoint says that the charter's authority is {found}, the deployment file or --authority says \
             {authority}: if it handed over and that is right, say --authority {found}"
        );
        return Err(Refusal::new(Failure::Network, "authority.handed_over", words).into());
    }
    let msg = |action| {
        let msg = serde_json::to_vec(&charter::ExecuteMsg::Act { action })?;
        Ok(chain::execute_msg(authority, charter, msg, 0))
    };
    actions.into_iter().map(msg).collect()
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
