//! Permission: who may send a message.
use cosmwasm_std::Addr;
use thiserror::Error;

/// The sender is not who the message is for.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{sender} may not send this message, expected {expected}")]
pub struct Unauthorized {
    /// Who sent it.
    pub sender: Addr,
    /// Who may.
    pub expected: String,
}

/// Checks that the sender is the one address that may send.
pub fn ensure_sender(sender: &Addr, allowed: &Addr) -> Result<(), Unauthorized> {
    ensure_one_of(sender, &[allowed])
}

/// Checks that the sender is one of the addresses that may send.
pub fn ensure_one_of(sender: &Addr, allowed: &[&Addr]) -> Result<(), Unauthorized> {
    if allowed.contains(&sender) {
        return Ok(());
    }
    let expected = allowed.iter().map(|a| a.as_str()).collect::<Vec<_>>().join(" or ");
    Err(Unauthorized { sender: sender.clone(), expected })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_allowed_sender_passes_and_others_are_told_who_may() {
        let [a, b, c] = ["a", "b", "c"].map(Addr::unchecked);
        assert_eq!(ensure_sender(&a, &a), Ok(()));
        assert_eq!(ensure_one_of(&b, &[&a, &b]), Ok(()));
        let refused = ensure_one_of(&c, &[&a, &b]).unwrap_err();
        assert_eq!(refused.to_string(), "c may not send this message, expected a or b");
        assert!(ensure_one_of(&c, &[]).is_err());
    }
}
