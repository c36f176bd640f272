//! A message names code by a number, and which code has that number is what an endpoint says. One that lies could
//! have a network's contracts migrated to code of its own.
//!
//! The chain can be made to say it: an address of instantiate2 comes from the code's checksum. A contract of that
//! number is brought up, and a second message speaks to it where code of the expected checksum would be. With other
//! code nobody is there, the message fails, and whatever else its transaction or proposal holds fails with it.

use cosmos_sdk_proto::cosmwasm::wasm::v1::MsgClearAdmin;
use cosmrs::Any;
use cosmwasm_std::Addr;
use lyceum_chain::ChainError;

use super::chain::{Up, any, up_msg};
use super::plan::predict;

/// What it means that the chain knows no contract where a message speaks to one.
const FAILED: &str = "an endpoint named other code than that of the artifacts, and the transaction that would have \
                      used it failed: use another endpoint";

/// An error of a transaction whose messages speak to where only the expected code can be; one that comes of their
/// not finding it there says so.
pub fn explain(error: anyhow::Error) -> anyhow::Error {
    let absent = match error.downcast_ref() {
        Some(ChainError::UnknownContract { .. }) => true,
        // x/wasm's words to who would change a contract that there is not.
        Some(ChainError::Refused { words }) => words.contains("unknown contract"),
        _ => false,
    };
    if absent { error.context(FAILED) } else { error }
}

/// Messages that fail unless the code has the checksum. `by` sends them, `init` is any configuration that the code
/// takes, and `salt` is one that `by` never used.
pub fn messages(
    by: &Addr,
    code: u64,
    checksum: &[u8; 32],
    init: Vec<u8>,
    salt: String,
) -> anyhow::Result<[Any; 2]> {
    let at = predict(by, checksum, salt.as_bytes())?;
    let label = format!("proof of code {code}");
    // The admin is given up at once: nobody can ever change or use what stands there.
    let up = Up { code, admin: by, label, msg: init, salt: salt.into_bytes() };
    let clear = MsgClearAdmin { sender: by.to_string(), contract: at.into_string() };
    Ok([up_msg(by, up), any("MsgClearAdmin", &clear)])
}

#[cfg(test)]
mod tests {
    use prost::Message as _;

    use super::*;

    #[test]
    fn only_a_contract_that_is_not_there_speaks_against_an_endpoint() {
        let blamed = |error: ChainError| format!("{:#}", explain(error.into())).contains(FAILED);
        let refused = |words: &str| ChainError::Refused { words: words.to_owned() };
        assert!(blamed(ChainError::UnknownContract { address: "wasm1c".to_owned() }));
        assert!(blamed(refused("unknown contract: invalid request")));
        assert!(!blamed(refused("can not migrate: unauthorized")));
        assert!(!blamed(ChainError::Undecided { hash: "A".to_owned(), reason: "pruned".to_owned() }));
    }

    #[test]
    fn the_second_message_speaks_to_where_only_the_expected_code_can_be() {
        let by = Addr::unchecked("wasm14hj2tavq8fpesdwxxcu44rty3hh90vhujgqwg3");
        let at = |checksum: &[u8; 32]| {
            let [_, clear] = messages(&by, 7, checksum, b"{}".to_vec(), "salt".to_owned()).unwrap();
            MsgClearAdmin::decode(clear.value.as_slice()).unwrap().contract
        };
        assert_eq!(at(&[7; 32]), predict(&by, &[7; 32], b"salt").unwrap().as_str());
        assert_ne!(at(&[7; 32]), at(&[8; 32]));
    }
}
