//! The part of an answer of `datasets` that `tasks` reads; see [`crate::nodes::NodePart`].

use serde::Deserialize;

use super::{Source, Status};
use crate::Hash32;

/// Of [`super::DatasetResponse`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct DatasetPart {
    /// What it is.
    pub manifest: ManifestPart,
    /// Where it stands.
    pub status: Status,
}

/// Of [`super::DatasetManifest`].
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ManifestPart {
    /// Where the data come from.
    pub source: Source,
    /// The shards.
    pub shards: Vec<ShardPart>,
}

/// Of [`super::Shard`].
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ShardPart {
    /// Content root.
    pub root: Hash32,
}
