//! What a chain's codes and words mean, as typed errors with the contract's own words.

use super::outside::one_line;
use crate::ChainError;

/// A code with its words.
#[derive(Debug, Clone, Copy)]
pub struct Failure<'a> {
    /// The module that gave it.
    pub codespace: &'a str,
    /// Its code.
    pub code: u32,
    /// Its words.
    pub words: &'a str,
}

/// Who pays for a transaction.
#[derive(Debug, Clone, Copy)]
pub struct Payer<'a> {
    /// The account that signs it.
    pub account: &'a str,
    /// Units of the denom per gas.
    pub gas_price: &'a str,
}

/// The contract's own words, taken out of what the SDK and wasmd wrap around them.
pub fn own_words(text: &str) -> String {
    let mut words = text;
    // `rpc error: code = Unknown desc = …`, around a simulation's.
    if let Some((_, rest)) = words.split_once("desc = ") {
        words = rest;
    }
    if let Some((_, rest)) = words.split_once("failed to execute message; message index: ") {
        words = rest.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start_matches(": ");
    }
    // `WORDS: execute wasm contract failed [file:line] with gas used: …`; what follows is not the contract's.
    for tail in [
        ": execute wasm contract failed",
        ": query wasm contract failed",
        ": instantiate wasm contract failed",
        ": migrate wasm contract failed",
        ": reply wasm contract failed",
    ] {
        if let Some((own, _)) = words.split_once(tail) {
            words = own;
        }
    }
    if let Some((own, _)) =
        words.split_once(" [CosmWasm/wasmd@").or_else(|| words.split_once(" [cosmos/cosmos-sdk@"))
    {
        words = own;
    }
    // The outermost error is the transaction's; what a message called stands behind these.
    loop {
        let rest = ["dispatch: ", "submessages: "].iter().find_map(|w| words.strip_prefix(w));
        match rest {
            Some(rest) => words = rest,
            None => break,
        }
    }
    // How cosmwasm-std shows its own errors.
    while let Some((_, rest)) = words.strip_prefix("kind: ").and_then(|text| text.split_once(", error: ")) {
        words = rest;
    }
    let words = one_line(words.trim());
    if is_redacted(&words) {
        return format!(
            "{words} (the chain hides the words of a contract that was called by this one; simulate the call itself)"
        );
    }
    words
}

/// Whether wasmd took the words away and left the code, as it does to errors that a contract's reply handles.
fn is_redacted(words: &str) -> bool {
    words.find("codespace: ").is_some_and(|at| words[at..].contains(", code: "))
}

/// Why a transaction was refused, be it in a simulation, by a node's mempool or in its block.
pub fn refusal(payer: Payer<'_>, failure: Failure<'_>) -> ChainError {
    let Payer { account, gas_price } = payer;
    let Failure { codespace, code, words } = failure;
    let told = || own_words(words);
    if let Some(address) = no_such_contract(words) {
        return ChainError::UnknownContract { address };
    }
    let of_a_contract = words.contains("wasm contract failed") || codespace == "wasm";
    if of_a_contract {
        return ChainError::Refused { words: told() };
    }
    match (codespace, code) {
        ("sdk", 13) => ChainError::FeeTooLow { gas_price: gas_price.to_owned(), words: told() },
        ("sdk", 5) => ChainError::InsufficientFunds { account: account.to_owned(), words: told() },
        ("sdk", 9) => ChainError::InsufficientFunds {
            account: account.to_owned(),
            words: "it is not on the chain yet".to_owned(),
        },
        // A simulation's code is that of the query; only its words tell.
        _ if words.contains("insufficient funds") => {
            ChainError::InsufficientFunds { account: account.to_owned(), words: told() }
        }
        _ if words.contains("message index: ") => ChainError::Refused { words: told() },
        _ => ChainError::NotTaken { codespace: one_line(codespace), code, words: told() },
    }
}

/// Whether wasmd says that there is no contract, and the address if it names it: a query's words have it before that,
/// a message's after it.
pub fn no_such_contract(words: &str) -> Option<String> {
    let (before, after) = words.split_once("no such contract")?;
    let named = |text: &str| {
        let (_, rest) = text.rsplit_once("address ")?;
        let address: String = rest.chars().take_while(char::is_ascii_alphanumeric).take(120).collect();
        (!address.is_empty()).then_some(address)
    };
    named(after).or_else(|| named(before)).or_else(|| Some(String::new()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(codespace: &str, code: u32, words: &str) -> ChainError {
        refusal(Payer { account: "wasm1me", gas_price: "0.025" }, Failure { codespace, code, words })
    }

    #[test]
    fn the_contracts_own_words_are_taken_out_of_what_is_wrapped_around_them() {
        let delivered = "failed to execute message; message index: 0: NotJailed { node: wasm1x }: execute wasm contract failed";
        let words = "NotJailed { node: wasm1x }".to_owned();
        assert_eq!(refused("wasm", 5, delivered), ChainError::Refused { words: words.clone() });
        let simulated = "rpc error: code = Unknown desc = failed to execute message; message index: 12: NotJailed \
                         { node: wasm1x }: execute wasm contract failed [CosmWasm/wasmd@v0.61.14/x/wasm/keeper/\
                         keeper.go:454] with gas used: '77801': unknown request";
        assert_eq!(refused("sdk", 6, simulated), ChainError::Refused { words });
        let std = "failed to execute message; message index: 0: kind: Other, error: kind: NotFound, error: type: \
                   node; key: [01] not found: execute wasm contract failed";
        assert_eq!(
            refused("wasm", 5, std),
            ChainError::Refused { words: "type: node; key: [01] not found".to_owned() }
        );
        let called = "failed to execute message; message index: 0: dispatch: submessages: TooLow: execute wasm contract failed";
        assert_eq!(refused("wasm", 5, called), ChainError::Refused { words: "TooLow".to_owned() });
    }

    #[test]
    fn a_fee_that_is_too_low_is_told_with_the_price_what_is_required_and_what_to_change() {
        let words = "insufficient fees; got: 1ulyc required: 5ulyc: insufficient fee";
        let said = refused("sdk", 13, words).to_string();
        for part in ["a gas price of 0.025", "required: 5ulyc", "chain.gas_price in node.toml", "--gas-price"]
        {
            assert!(said.contains(part), "{part}: {said}");
        }
    }

    #[test]
    fn a_chains_words_stay_on_their_line() {
        for (codespace, code) in [("sdk", 4), ("sdk", 5), ("sdk", 13), ("wasm", 5), ("a\nb", 6)] {
            let said = refused(codespace, code, "no\nlyceum: sent\u{1b}[2J").to_string();
            assert!(!said.contains(char::is_control) && said.contains("no lyceum: sent"), "{said}");
        }
    }

    #[test]
    fn words_that_the_chain_took_away_say_so() {
        let hidden = "failed to execute message; message index: 0: codespace: wasm, code: 5: execute wasm contract failed";
        let ChainError::Refused { words } = refused("wasm", 5, hidden) else { panic!() };
        assert!(words.starts_with("codespace: wasm, code: 5 (") && words.contains("simulate"), "{words}");
    }

    #[test]
    fn what_is_not_a_contracts_has_its_own_type() {
        let said = |codespace, code, words| refused(codespace, code, words).code();
        assert_eq!(
            said("sdk", 5, "spendable balance 1ulyc is smaller than 5ulyc: insufficient funds"),
            "chain.insufficient_funds"
        );
        assert_eq!(
            said("sdk", 13, "insufficient fees; got: 1ulyc required: 5ulyc: insufficient fee"),
            "chain.fee_too_low"
        );
        assert_eq!(said("sdk", 4, "signature verification failed: unauthorized"), "chain.not_taken");
        let none = "rpc error: code = Unknown desc = failed to execute message; message index: 0: no such contract: address wasm1abc [x]";
        assert_eq!(refused("sdk", 6, none), ChainError::UnknownContract { address: "wasm1abc".to_owned() });
    }
}
