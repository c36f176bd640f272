//! What may be said to the contracts and asked of them, from their JSON schemas: each message a command, each field
//! a flag, with the schema's own words as help. The schemas are compiled in; a test of `lyceum-api` holds them
//! against the messages, and what is put together here is read back as the contract's own type before it is sent.

mod amount;
mod answer;
mod command;
mod consequence;
mod contract_message;
mod form;
#[cfg(test)]
mod permission;
mod plain;
mod schema;

pub use amount::{Amount, Denominated, both, lyc};
pub use answer::for_people;
pub use command::{Common, ContractArgs};
pub use consequence::Consequence;
pub use contract_message::Names;
pub use plain::plain;
pub use schema::Kind;
