//! An operator's keys: where they lie ([`Home`]), who may open them ([`PassphraseArgs`]) and the key files
//! themselves ([`Keyring`]). Passphrases and words never stand in arguments, logs or Debug output.

mod account;
mod home;
mod keyring;
mod passphrase;
mod secret;

pub use account::account;
pub use home::{Home, HomeArgs, can_be_folder, create_private, write_private};
pub use keyring::{Entry, Keyring, check_name as check_key_name};
pub use passphrase::{PassphraseArgs, Purpose, secret_words};
