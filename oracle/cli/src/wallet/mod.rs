//! An operator's keys: where they lie ([`Home`]), who may open them ([`PassphraseArgs`]) and the key files
//! themselves ([`Keyring`]). Passphrases and words never stand in arguments, logs or Debug output.

mod home;
mod keyring;
mod passphrase;

pub use home::{Home, HomeArgs, create_private, write_private};
pub use keyring::{Entry, Keyring};
pub use passphrase::{PassphraseArgs, Purpose, secret_line};
