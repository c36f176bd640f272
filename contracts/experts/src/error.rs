//! Why a message is refused.

use cosmwasm_std::StdError;
use cw_utils::PaymentError;
use lyceum_onchain::permission::Unauthorized;
use thiserror::Error;

/// Why `experts` refuses.
#[derive(Debug, Error)]
pub enum ContractError {
    /// Storage, an address or an encoding.
    #[error(transparent)]
    Std(#[from] StdError),
    /// A sender that may not.
    #[error(transparent)]
    Unauthorized(#[from] Unauthorized),
    /// Unwanted funds.
    #[error(transparent)]
    Payment(#[from] PaymentError),
    /// The network is paused.
    #[error("experts is paused")]
    Paused,
    /// A name outside of its rule.
    #[error("model name {found:?}, expected 1 to 64 characters of a-z, 0-9 and -")]
    Name {
        /// The name, cut to 80 characters.
        found: String,
    },
    /// A version that is not SemVer.
    #[error("model version {found:?}, expected SemVer such as 1.0.0 of at most 64 characters")]
    Version {
        /// The version, cut to 80 characters.
        found: String,
    },
    /// A name and version that exist.
    #[error("{name} {version} is registered already, as model {model}")]
    ModelExists {
        /// The name.
        name: String,
        /// The version.
        version: String,
        /// Its id.
        model: u64,
    },
    /// An architecture config beyond its bound.
    #[error("the config has {found} bytes, expected at most {max}")]
    ConfigTooLarge {
        /// Its size.
        found: usize,
        /// The greatest size.
        max: usize,
    },
    /// An architecture config that is no JSON object.
    #[error("the config is not a JSON object: {reason}")]
    ConfigNotObject {
        /// Where it fails.
        reason: String,
    },
    /// A number of experts out of range.
    #[error("{found} experts, expected 1 to {max}")]
    Experts {
        /// How many.
        found: u32,
        /// The most.
        max: u32,
    },
    /// A content root of nothing.
    #[error("the content has no bytes")]
    Empty,
    /// An unknown model.
    #[error("model {model} does not exist")]
    NoModel {
        /// Its id.
        model: u64,
    },
    /// An expert index that the model does not have.
    #[error("expert {index} is not of model {model}, which has {experts}")]
    NoExpert {
        /// The model.
        model: u64,
        /// Experts it has.
        experts: u32,
        /// The index.
        index: u32,
    },
    /// An unknown block.
    #[error("block {block} does not exist")]
    NoBlock {
        /// Its id.
        block: u64,
    },
    /// Too many parents.
    #[error("{found} parents, expected at most {max}")]
    TooManyParents {
        /// How many.
        found: usize,
        /// The most.
        max: usize,
    },
    /// A parent named twice.
    #[error("parent {parent} is named twice")]
    ParentTwice {
        /// The parent.
        parent: u64,
    },
    /// A parent of another model.
    #[error("parent {parent} is of model {found}, expected {expected}")]
    ParentOfAnother {
        /// The parent.
        parent: u64,
        /// The block's model.
        expected: u64,
        /// The parent's.
        found: u64,
    },
    /// A parent that fell.
    #[error("parent {parent} is void")]
    ParentVoid {
        /// The parent.
        parent: u64,
    },
    /// A parent that is not final yet.
    #[error("parent {parent} of block {block} is not final")]
    ParentNotFinal {
        /// The block.
        block: u64,
        /// The parent.
        parent: u64,
    },
    /// A block that is final or void already.
    #[error("block {block} is {found}, expected provisional")]
    NotProvisional {
        /// The block.
        block: u64,
        /// What it is.
        found: &'static str,
    },
}
