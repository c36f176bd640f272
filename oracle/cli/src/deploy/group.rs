//! The messages and queries of the chain's x/group module that are needed here. `cosmos-sdk-proto` leaves that module
//! out, so these few types are written down as its protobuf files have them (`cosmos/group/v1`, SDK 0.53).

use cosmrs::Any;
use prost::Message;

/// A member with its weight.
#[derive(Clone, PartialEq, Message)]
pub struct Member {
    /// Its account.
    #[prost(string, tag = "1")]
    pub address: String,
    /// Its weight, decimal.
    #[prost(string, tag = "2")]
    pub weight: String,
}

/// google.protobuf.Duration.
#[derive(Clone, PartialEq, Message)]
pub struct Duration {
    /// Seconds.
    #[prost(int64, tag = "1")]
    pub seconds: i64,
}

/// How long votes are taken.
#[derive(Clone, PartialEq, Message)]
pub struct Windows {
    /// From the proposal on.
    #[prost(message, optional, tag = "1")]
    pub voting_period: Option<Duration>,
    /// Before which nothing is executed.
    #[prost(message, optional, tag = "2")]
    pub min_execution_period: Option<Duration>,
}

/// Accepted when such a part of all weight says yes.
#[derive(Clone, PartialEq, Message)]
pub struct PercentagePolicy {
    /// The part, decimal, 0.67.
    #[prost(string, tag = "1")]
    pub percentage: String,
    /// How long.
    #[prost(message, optional, tag = "2")]
    pub windows: Option<Windows>,
}

/// Creates a group and its policy at once.
#[derive(Clone, PartialEq, Message)]
pub struct CreateGroup {
    /// Who pays.
    #[prost(string, tag = "1")]
    pub admin: String,
    /// The members.
    #[prost(message, repeated, tag = "2")]
    pub members: Vec<Member>,
    /// Whether the group governs itself from then on.
    #[prost(bool, tag = "5")]
    pub policy_as_admin: bool,
    /// How it decides.
    #[prost(message, optional, tag = "6")]
    pub policy: Option<Any>,
}

/// The answer to [`CreateGroup`].
#[derive(Clone, PartialEq, Message)]
pub struct GroupCreated {
    /// The group's id.
    #[prost(uint64, tag = "1")]
    pub group: u64,
    /// The policy's account.
    #[prost(string, tag = "2")]
    pub policy: String,
}

/// Proposes messages that the policy's account would send.
#[derive(Clone, PartialEq, Message)]
pub struct SubmitProposal {
    /// The policy's account.
    #[prost(string, tag = "1")]
    pub policy: String,
    /// Members that propose.
    #[prost(string, repeated, tag = "2")]
    pub proposers: Vec<String>,
    /// The messages.
    #[prost(message, repeated, tag = "4")]
    pub messages: Vec<Any>,
    /// [`TRY`]: the proposers' votes count at once.
    #[prost(int32, tag = "5")]
    pub exec: i32,
    /// What it is, in a line.
    #[prost(string, tag = "6")]
    pub title: String,
    /// What it does.
    #[prost(string, tag = "7")]
    pub summary: String,
}

/// The answer to [`SubmitProposal`].
#[derive(Clone, PartialEq, Message)]
pub struct Submitted {
    /// Its id.
    #[prost(uint64, tag = "1")]
    pub proposal: u64,
}

/// A member's vote.
#[derive(Clone, PartialEq, Message)]
pub struct Vote {
    /// On what.
    #[prost(uint64, tag = "1")]
    pub proposal: u64,
    /// The member.
    #[prost(string, tag = "2")]
    pub voter: String,
    /// [`YES`] or [`NO`].
    #[prost(int32, tag = "3")]
    pub option: i32,
    /// [`TRY`]: executed at once if that vote was the last one needed.
    #[prost(int32, tag = "5")]
    pub exec: i32,
}

/// Executes what was accepted.
#[derive(Clone, PartialEq, Message)]
pub struct Execute {
    /// What.
    #[prost(uint64, tag = "1")]
    pub proposal: u64,
    /// Anybody.
    #[prost(string, tag = "2")]
    pub executor: String,
}

/// A vote for it.
pub const YES: i32 = 1;
/// A vote against it.
pub const NO: i32 = 3;
/// Execute at once where that is possible.
pub const TRY: i32 = 1;

/// Asks about a policy.
#[derive(Clone, PartialEq, Message)]
pub struct PolicyRequest {
    /// Its account.
    #[prost(string, tag = "1")]
    pub address: String,
}

/// The answer to [`PolicyRequest`].
#[derive(Clone, PartialEq, Message)]
pub struct PolicyResponse {
    /// The policy.
    #[prost(message, optional, tag = "1")]
    pub info: Option<PolicyInfo>,
}

/// A policy, as far as it is looked at.
#[derive(Clone, PartialEq, Message)]
pub struct PolicyInfo {
    /// Its account.
    #[prost(string, tag = "1")]
    pub address: String,
    /// Its group.
    #[prost(uint64, tag = "2")]
    pub group: u64,
    /// Who may change it.
    #[prost(string, tag = "3")]
    pub admin: String,
    /// How it decides.
    #[prost(message, optional, tag = "6")]
    pub policy: Option<Any>,
}

/// Asks about a group.
#[derive(Clone, PartialEq, Message)]
pub struct InfoRequest {
    /// The group.
    #[prost(uint64, tag = "1")]
    pub group: u64,
}

/// The answer to [`InfoRequest`].
#[derive(Clone, PartialEq, Message)]
pub struct InfoResponse {
    /// The group.
    #[prost(message, optional, tag = "1")]
    pub info: Option<GroupInfo>,
}

/// A group, as far as it is looked at.
#[derive(Clone, PartialEq, Message)]
pub struct GroupInfo {
    /// Its id.
    #[prost(uint64, tag = "1")]
    pub group: u64,
    /// Who may change its members.
    #[prost(string, tag = "2")]
    pub admin: String,
}

/// Asks about a proposal.
#[derive(Clone, PartialEq, Message)]
pub struct ProposalRequest {
    /// Its id.
    #[prost(uint64, tag = "1")]
    pub proposal: u64,
}

/// The answer to [`ProposalRequest`].
#[derive(Clone, PartialEq, Message)]
pub struct ProposalResponse {
    /// The proposal; one that was executed is gone.
    #[prost(message, optional, tag = "1")]
    pub proposal: Option<Proposal>,
}

/// A proposal, as far as it is looked at.
#[derive(Clone, PartialEq, Message)]
pub struct Proposal {
    /// Its id.
    #[prost(uint64, tag = "1")]
    pub id: u64,
    /// The policy's account.
    #[prost(string, tag = "2")]
    pub policy: String,
    /// 1 open, 2 accepted, 3 rejected, 4 aborted, 5 withdrawn.
    #[prost(int32, tag = "8")]
    pub status: i32,
    /// 1 not run, 2 success, 3 failure.
    #[prost(int32, tag = "11")]
    pub executed: i32,
    /// Its title.
    #[prost(string, tag = "13")]
    pub title: String,
}

/// Asks for a group's members.
#[derive(Clone, PartialEq, Message)]
pub struct MembersRequest {
    /// The group.
    #[prost(uint64, tag = "1")]
    pub group: u64,
}

/// The answer to [`MembersRequest`]: up to 100, which a group made here has at most.
#[derive(Clone, PartialEq, Message)]
pub struct MembersResponse {
    /// The members.
    #[prost(message, repeated, tag = "1")]
    pub members: Vec<GroupMember>,
}

/// A member of a group.
#[derive(Clone, PartialEq, Message)]
pub struct GroupMember {
    /// The group.
    #[prost(uint64, tag = "1")]
    pub group: u64,
    /// The member.
    #[prost(message, optional, tag = "2")]
    pub member: Option<Member>,
}

/// A message of the module.
pub fn any<M: Message>(name: &str, msg: &M) -> Any {
    Any { type_url: format!("/cosmos.group.v1.{name}"), value: msg.encode_to_vec() }
}
