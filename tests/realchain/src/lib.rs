//! What is only true on a real chain: wasmd, brought up by `scripts/localnet`.
//!
//! The library is the fixture that other crates' tests may use too: [`Localnet`] (a network of its own, or one shared
//! by a test binary), accounts with coins ([`Purse`]), an endpoint that can be dropped ([`Endpoint`]), one that lies
//! ([`Liar`]) and a network as wallet users find it ([`Stage`]). The tests ask [`wanted`] first: where Go is missing there is no chain, and
//! `scripts/test` says so in one line.

mod built;
mod endpoint;
mod ledger;
mod liar;
mod localnet;
mod purse;
mod stage;

pub use built::{artifacts, binary};
pub use endpoint::Endpoint;
pub use ledger::{Spent, Wasmd};
pub use liar::Liar;
pub use localnet::{Chain, Faucet, Localnet, Validator, wanted};
pub use purse::Purse;
pub use stage::Stage;
