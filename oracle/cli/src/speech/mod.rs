//! What may be said to the contracts and asked of them, from their JSON schemas: each message a command, each field
//! a flag, with the schema's own words as help. The schemas are compiled in; a test of `lyceum-api` holds them
//! against the messages, and what is put together here is read back as the contract's own type before it is sent.

mod amount;
mod answer;
mod command;
mod consequence;
mod form;
#[cfg(test)]
mod permission;
mod plain;
mod said;
mod schema;

pub use amount::{Amount, Denominated, both, lyc};
pub use answer::for_people;
pub use command::{Common, Spoken};
pub use consequence::Consequence;
pub use plain::plain;
pub use said::Names;
pub use schema::Kind;
