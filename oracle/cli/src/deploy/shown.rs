//! Messages as people and programs read them before they are signed: JSON as the chain's own tools write it.

use cosmos_sdk_proto::cosmos::base::v1beta1::Coin;
use cosmos_sdk_proto::cosmos::gov::v1 as gov;
use cosmos_sdk_proto::cosmwasm::wasm::v1::{
    MsgClearAdmin, MsgExecuteContract, MsgInstantiateContract2, MsgMigrateContract,
};
use prost::Message;
use serde_json::{Value, json};

use super::group;

/// A message; one that is not known here by its type and size alone.
pub fn shown(type_url: &str, value: &[u8]) -> Value {
    let mut body = known(type_url, value).unwrap_or_else(|| json!({ "bytes": value.len() }));
    body["@type"] = json!(type_url);
    body
}

fn known(type_url: &str, value: &[u8]) -> Option<Value> {
    Some(match type_url {
        "/cosmwasm.wasm.v1.MsgInstantiateContract2" => {
            let msg = MsgInstantiateContract2::decode(value).ok()?;
            json!({
                "sender": msg.sender, "admin": msg.admin, "code_id": msg.code_id, "label": msg.label,
                "msg": inner(&msg.msg), "funds": coins(&msg.funds), "salt": String::from_utf8_lossy(&msg.salt),
            })
        }
        "/cosmwasm.wasm.v1.MsgClearAdmin" => {
            let msg = MsgClearAdmin::decode(value).ok()?;
            json!({ "sender": msg.sender, "contract": msg.contract })
        }
        "/cosmwasm.wasm.v1.MsgMigrateContract" => {
            let msg = MsgMigrateContract::decode(value).ok()?;
            json!({
                "sender": msg.sender, "contract": msg.contract, "code_id": msg.code_id, "msg": inner(&msg.msg),
            })
        }
        "/cosmwasm.wasm.v1.MsgExecuteContract" => {
            let msg = MsgExecuteContract::decode(value).ok()?;
            json!({
                "sender": msg.sender, "contract": msg.contract, "msg": inner(&msg.msg), "funds": coins(&msg.funds),
            })
        }
        "/cosmos.group.v1.MsgSubmitProposal" => {
            let msg = group::SubmitProposal::decode(value).ok()?;
            let messages: Vec<_> = msg.messages.iter().map(|m| shown(&m.type_url, &m.value)).collect();
            json!({
                "group_policy_address": msg.policy, "proposers": msg.proposers, "title": msg.title,
                "messages": messages,
            })
        }
        "/cosmos.gov.v1.MsgSubmitProposal" => {
            let msg = gov::MsgSubmitProposal::decode(value).ok()?;
            let messages: Vec<_> = msg.messages.iter().map(|m| shown(&m.type_url, &m.value)).collect();
            json!({
                "proposer": msg.proposer, "initial_deposit": coins(&msg.initial_deposit), "title": msg.title,
                "messages": messages,
            })
        }
        "/cosmos.group.v1.MsgVote" => {
            let msg = group::Vote::decode(value).ok()?;
            json!({
                "proposal_id": msg.proposal, "voter": msg.voter, "option": option(msg.option),
                "exec": msg.exec == group::TRY,
            })
        }
        "/cosmos.group.v1.MsgExec" => {
            let msg = group::Execute::decode(value).ok()?;
            json!({ "proposal_id": msg.proposal, "executor": msg.executor })
        }
        "/cosmos.group.v1.MsgCreateGroupWithPolicy" => {
            let msg = group::CreateGroup::decode(value).ok()?;
            let policy = msg.policy.unwrap_or_default();
            let decides = group::PercentagePolicy::decode(policy.value.as_slice()).ok()?;
            let seconds = decides.windows.and_then(|w| w.voting_period).map_or(0, |period| period.seconds);
            let members = msg.members.iter().map(|m| json!({ "address": m.address, "weight": m.weight }));
            json!({
                "admin": msg.admin, "members": members.collect::<Vec<_>>(),
                "group_policy_as_admin": msg.policy_as_admin,
                "decision_policy": {
                    "@type": policy.type_url, "percentage": decides.percentage, "voting_seconds": seconds,
                },
            })
        }
        "/cosmos.gov.v1.MsgVote" => {
            let msg = gov::MsgVote::decode(value).ok()?;
            json!({ "proposal_id": msg.proposal_id, "voter": msg.voter, "option": option(msg.option) })
        }
        _ => return None,
    })
}

/// Both modules have the same numbers.
fn option(option: i32) -> Value {
    match option {
        group::YES => json!("yes"),
        group::NO => json!("no"),
        other => json!(other),
    }
}

fn inner(msg: &[u8]) -> Value {
    serde_json::from_slice(msg).unwrap_or_else(|_| json!(String::from_utf8_lossy(msg)))
}

fn coins(coins: &[Coin]) -> Value {
    coins.iter().map(|c| json!({ "denom": c.denom, "amount": c.amount })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deploy::chain::{execute_msg, migrate_msg};

    #[test]
    fn a_proposal_is_shown_with_all_that_it_would_do() {
        let messages =
            vec![migrate_msg("gov", "wasm1c", 7), execute_msg("gov", "wasm1c", b"{\"a\":1}".to_vec(), 5)];
        let msg = group::SubmitProposal { policy: "gov".to_owned(), messages, ..Default::default() };
        let any = group::any("MsgSubmitProposal", &msg);
        let found = shown(&any.type_url, &any.value);
        assert_eq!(found["@type"], "/cosmos.group.v1.MsgSubmitProposal");
        assert_eq!(found["messages"][0]["code_id"], 7);
        assert_eq!(found["messages"][0]["msg"], json!({}));
        assert_eq!(found["messages"][1]["msg"], json!({ "a": 1 }));
        assert_eq!(found["messages"][1]["funds"], json!([{ "denom": "ulyc", "amount": "5" }]));
    }

    #[test]
    fn a_vote_says_on_what_and_how() {
        let vote = group::Vote { proposal: 4, voter: "me".to_owned(), option: group::NO, exec: group::TRY };
        let any = group::any("MsgVote", &vote);
        let found = shown(&any.type_url, &any.value);
        assert_eq!(
            found,
            json!({ "@type": any.type_url, "proposal_id": 4, "voter": "me", "option": "no", "exec": true })
        );
    }

    #[test]
    fn what_is_not_known_is_not_hidden() {
        assert_eq!(shown("/x.Msg", b"abc"), json!({ "@type": "/x.Msg", "bytes": 3 }));
        let broken = shown("/cosmwasm.wasm.v1.MsgMigrateContract", &[0xff]);
        assert_eq!(broken["bytes"], 1);
    }
}
