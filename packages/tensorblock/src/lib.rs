//! The tensor block: the file that carries an expert block's tensors, and the proofs about its tiles.
//!
//! This room owns the `.tblock` format (`docs/tensorblock.md`): one set of tensors has exactly one
//! byte encoding, its BLAKE3 is the content root, and every 16 KiB tile of it can be proved against
//! that root. It knows no store, chain or network.
//!
//! The core (`default-features = false`) is `no_std` with `alloc`, for contracts: start at [`tile`] for
//! proofs and at [`Block`] for the parser. The feature `std` adds files: start at [`TensorBlock`] to
//! open one, [`write()`] to write one, [`verified`] for what travels between stores.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

mod block;
mod dtype;
mod error;
pub mod finite;
mod header;
mod plan;
mod table;
pub mod tile;
mod view;

#[cfg(feature = "std")]
mod file;
#[cfg(feature = "std")]
mod interchange;
#[cfg(feature = "std")]
pub mod outboard;
#[cfg(feature = "std")]
pub mod verified;

pub use block::{Block, TensorView};
pub use dtype::Dtype;
pub use error::FormatError;
pub use header::{ALIGNMENT, HEADER_LEN, MAGIC, VERSION};
pub use plan::{Tensor, encode};
pub use table::{MAX_NAME_LEN, MAX_RANK, MAX_TENSORS, Shape};
pub use view::{ViewError, f32_bytes};

#[cfg(feature = "std")]
pub use error::FileError;
#[cfg(feature = "std")]
pub use file::{Backing, TensorBlock, Written, write, write_to};
#[cfg(feature = "std")]
pub use interchange::{
    export_safetensors, import_safetensors, safetensors_bytes, tensors_of_safetensors, write_safetensors,
};
#[cfg(feature = "std")]
pub use outboard::Outboard;

/// A content root: the BLAKE3 of the whole file.
pub type Root = [u8; 32];

/// The content root of `bytes`.
pub fn root_of(bytes: &[u8]) -> Root {
    *blake3::hash(bytes).as_bytes()
}
