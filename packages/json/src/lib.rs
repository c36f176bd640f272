//! JSON as contracts read and write it, in a third of the code.
//!
//! A contract's Wasm is mostly code that serde generates per type and that serde_json's reader multiplies: each
//! struct is read once as a map, with a table of names of its own, and once as a list. This reader looks the names
//! up itself, in code that exists once, and shows every struct to serde as the list of its fields in order; every
//! variant as its number. It accepts what serde_json accepts for types derived the usual way, except floats, and
//! refuses fields it doesn't know, except in the few structs the virtual machine
//! hands over ([`read::OPEN`]) and in those that take part of a larger answer ([`read::PART`]).
//!
//! It is linked in place of serde_json where contracts are compiled to Wasm, and nowhere else
//! (`docs/decisions/contracts-to-wasm.md`); its tests hold it against serde_json. It depends on serde alone. Start at
//! [`from_slice`] in `de.rs`, then `read.rs`.
#![no_std]

extern crate alloc;

mod de;
mod error;
pub mod read;
mod ser;

pub use de::from_slice;
pub use error::Error;
pub use ser::{Never, to_vec};
