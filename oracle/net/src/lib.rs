//! Bytes between processes over libp2p: blobs by content root, every tile verified on arrival.
//!
//! This room owns the swarm and its wire protocol; it knows no tensors and no chain.
