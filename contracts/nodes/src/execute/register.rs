//! Becoming a node, and what it says of itself.
use cosmwasm_std::{Binary, Response, Uint128};
use lyceum_api::nodes::{Role, events, peer_key_message};
use lyceum_economy::reputation::Reputation;
use lyceum_economy::trust::TrustState;

use crate::error::ContractError;
use crate::pool::Pool;
use crate::standing::{Ctx, Standing};
use crate::state::{ADDRESSES, NODES, Node, PEER_KEYS, SORTITION, Work};
use crate::{event, validate};

const PEER_KEY: usize = 32;
const PROOF: usize = 64;

/// What a node says of itself and may change.
pub struct Profile {
    pub roles: Vec<Role>,
    pub classes: Vec<String>,
    pub addresses: Vec<String>,
}

impl Profile {
    fn validated(self) -> Result<Self, ContractError> {
        validate::roles(&self.roles)?;
        validate::classes(&self.classes)?;
        validate::addresses(&self.addresses)?;
        Ok(self)
    }
}

pub fn register(
    mut ctx: Ctx<'_>,
    operator: String,
    peer_key: Binary,
    proof: Binary,
    profile: Profile,
) -> Result<Response, ContractError> {
    validate::operator(&operator)?;
    let Profile { roles, classes, addresses } = profile.validated()?;
    let addr = ctx.info.sender.clone();
    if NODES.has(ctx.deps.storage, &addr) {
        return Err(ContractError::AlreadyRegistered { node: addr });
    }
    for (field, bytes, required) in [("peer_key", &peer_key, PEER_KEY), ("proof", &proof, PROOF)] {
        if bytes.len() != required {
            return Err(ContractError::Length { field, found: bytes.len(), required });
        }
    }
    if let Some(holder) = PEER_KEYS.may_load(ctx.deps.storage, &peer_key)? {
        return Err(ContractError::PeerKeyTaken { holder });
    }
    let (chain, contract) = (&ctx.env.block.chain_id, ctx.env.contract.address.as_str());
    let message = peer_key_message(chain, contract, addr.as_str(), &peer_key);
    // Bytes that are no key or no signature are as bad as a wrong signature.
    if !ctx.deps.api.ed25519_verify(&message, &proof, &peer_key).unwrap_or(false) {
        return Err(ContractError::BadProof);
    }
    PEER_KEYS.save(ctx.deps.storage, &peer_key, &addr)?;
    let event = event::of(events::REGISTERED, &addr)
        .add_attribute("operator", &operator)
        .add_attribute("peer_key", hex(&peer_key));
    let node = Node {
        operator,
        peer_key,
        roles,
        classes,
        pool: Pool::default(),
        own: Uint128::zero(),
        matured: Uint128::zero(),
        maturing: vec![],
        jailed_until: None,
        trust: TrustState::default(),
        reputation: Reputation::default(),
        open_claims: 0,
        largest_bond: Uint128::zero(),
        work: Work::default(),
        worked_at: 0,
        gpus: 0,
        active: false,
        weight: Uint128::zero(),
        vote_power: 0,
    };
    if !addresses.is_empty() {
        ADDRESSES.save(ctx.deps.storage, &addr, &addresses)?;
    }
    Standing::of(addr, node).settle(&mut ctx, Response::new().add_event(event))
}

pub fn update(mut ctx: Ctx<'_>, profile: Profile) -> Result<Response, ContractError> {
    let Profile { roles, classes, addresses } = profile.validated()?;
    let mut standing = ctx.sender()?;
    if !standing.node.weight.is_zero() {
        // The weight leaves every class and `settle` sets it anew in those that stay; within one epoch the later
        // write replaces the earlier one.
        for class in &standing.node.classes {
            SORTITION.set_weight(ctx.deps.storage, class, &standing.addr, Uint128::zero(), ctx.epoch)?;
        }
        standing.node.weight = Uint128::zero();
    }
    let names = roles.iter().map(|r| format!("{r:?}").to_lowercase()).collect::<Vec<_>>().join(",");
    let event = event::of(events::UPDATED, &standing.addr)
        .add_attribute("roles", names)
        .add_attribute("classes", classes.join(","));
    (standing.node.roles, standing.node.classes) = (roles, classes);
    if addresses.is_empty() {
        ADDRESSES.remove(ctx.deps.storage, &standing.addr);
    } else {
        ADDRESSES.save(ctx.deps.storage, &standing.addr, &addresses)?;
    }
    standing.settle(&mut ctx, Response::new().add_event(event))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
