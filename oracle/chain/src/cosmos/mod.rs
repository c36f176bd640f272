//! A real chain: wasmd over CometBFT's RPC.
//!
//! Start reading at [`Key`] and [`Signer`] (who signs), then [`Settings`].

pub mod keyfile;
mod keys;
mod settings;
mod signer;

pub use keys::Key;
pub use settings::Settings;
pub use signer::{BoxFuture, PublicKey, Signature, Signer, address, check_address};
