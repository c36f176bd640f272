//! The parts of the answers of `nodes` that other contracts read. What else an answer holds is passed over, which
//! takes a fifth of the code; a name that ends in `Part` says so to the contracts' JSON reader.

use serde::Deserialize;

use super::Role;

/// Of [`super::ConfigResponse`].
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ConfigPart {
    /// The sortition epoch now.
    pub epoch: u64,
}

/// Of [`super::NodeResponse`].
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct NodePart {
    /// The declared operator.
    pub operator: String,
    /// Roles.
    pub roles: Vec<Role>,
    /// Whether active.
    pub active: bool,
}
