//! What may be said to the contracts and asked of them, from their JSON schemas: each message a command, each field
//! a flag, with the schema's own words as help. The schemas are compiled in; a test of `lyceum-api` holds them
//! against the messages, and what is put together here is read back as the contract's own type before it is sent.

mod command;
mod consequence;
mod form;
mod schema;

pub use command::{Common, Spoken};
pub use consequence::{Consequence, lyc};
pub use schema::Kind;
