//! [`PeerKey`]: the ed25519 key of a node's peer, and the proof that the node holds it.

use cosmwasm_std::{Addr, Binary};
use ed25519_dalek::{Signer, SigningKey};
use lyceum_api::nodes::peer_key_message;

/// A peer's signing key.
#[derive(Clone)]
pub struct PeerKey(SigningKey);

impl std::fmt::Debug for PeerKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("PeerKey").field(&self.public()).finish()
    }
}

impl PeerKey {
    /// The key of a secret.
    pub fn from_secret(secret: [u8; 32]) -> Self {
        Self(SigningKey::from_bytes(&secret))
    }

    /// A key that only depends on a name: for networks whose keys protect nothing.
    pub fn of(name: &str) -> Self {
        let mut e = lyceum_api::canonical::Encoder::new("lyceum/testing/peer", 1);
        e.str(name);
        Self::from_secret(e.digest().0)
    }

    /// The public key, 32 bytes.
    pub fn public(&self) -> Binary {
        self.0.verifying_key().to_bytes().into()
    }

    /// The proof of possession that `nodes` asks for, 64 bytes.
    pub fn prove(&self, chain: &str, contract: &Addr, node: &Addr) -> Binary {
        let message = peer_key_message(chain, contract.as_str(), node.as_str(), &self.public());
        self.0.sign(&message).to_bytes().into()
    }
}

#[cfg(test)]
mod tests {
    use cosmwasm_std::Api;
    use cosmwasm_std::testing::MockApi;

    use super::*;

    #[test]
    fn a_proof_is_good_for_one_chain_contract_and_node() {
        let (key, api) = (PeerKey::of("alice"), MockApi::default());
        let (contract, node) = (Addr::unchecked("nodes"), Addr::unchecked("alice"));
        let proof = key.prove("chain", &contract, &node);
        let verify = |chain: &str, node: &str| {
            let message = peer_key_message(chain, contract.as_str(), node, &key.public());
            api.ed25519_verify(&message, &proof, &key.public()).unwrap()
        };
        assert!(verify("chain", "alice"));
        assert!(!verify("other", "alice") && !verify("chain", "bob"));
    }
}
