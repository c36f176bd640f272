//! What endpoints say of blocks: headers as they should be, and their words for those that they do not have.

use tendermint_rpc::endpoint::blockchain;

use super::member::{Answer, error_of};
use super::pool::Reading;
use crate::{ChainError, Result};

/// What is needed of a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Height.
    pub height: u64,
    /// Unix seconds.
    pub time: u64,
    /// Whether its block has transactions.
    pub txs: bool,
}

/// An endpoint's headers of these heights, as they should be.
pub fn page(
    chain_id: &str,
    first: u64,
    last: u64,
    answer: Answer<blockchain::Response>,
) -> Reading<Vec<Header>> {
    let metas = match answer {
        Ok(answer) => answer.block_metas,
        Err(words) => {
            return match (pruned(first, &words), behind(&words)) {
                (None, Some(reason)) => Reading::Lacks(reason),
                _ => Reading::None(gone(first, &words)),
            };
        }
    };
    if let Some(other) = metas.iter().map(|m| m.header.chain_id.as_str()).find(|id| *id != chain_id) {
        return Reading::Lacks(format!("gives headers of the chain {other}"));
    }
    let mut headers: Vec<Header> = metas
        .iter()
        .map(|meta| Header {
            height: meta.header.height.value(),
            time: meta.header.time.unix_timestamp().try_into().unwrap_or(0),
            txs: meta.num_txs > 0,
        })
        .collect();
    headers.sort_unstable_by_key(|h| h.height);
    let Some(lowest) = headers.first().map(|h| h.height) else {
        return Reading::Lacks(format!("gives no headers of {first} to {last}"));
    };
    if lowest < first || headers.iter().map(|h| h.height).ne(lowest..=last) {
        return Reading::Lacks(format!("lacks headers of {first} to {last}"));
    }
    if !headers.is_sorted_by_key(|h| h.time) {
        return Reading::Lacks(format!("gives headers of {first} to {last} whose times go back"));
    }
    match lowest == first {
        true => Reading::Good(headers),
        false => Reading::None(ChainError::Pruned { asked: first, earliest: lowest }),
    }
}

/// A height as the library wants it.
pub fn height(height: u64) -> Result<tendermint::block::Height> {
    height.try_into().map_err(|_| ChainError::Setting { name: "height", reason: format!("{height} is none") })
}

/// Whether an endpoint's own words mean that another, or the same a little later, may do better.
fn behind(words: &str) -> Option<String> {
    let is = words.contains("must be less than or equal to the current blockchain height")
        || words.contains("can't be greater than max height")
        || words.contains("could not find results for height");
    is.then(|| error_of(words))
}

/// An endpoint's own words about a block that it does not give.
pub fn gone(asked: u64, words: &str) -> ChainError {
    match pruned(asked, words) {
        Some(earliest) => ChainError::Pruned { asked, earliest },
        None => ChainError::unusable(error_of(words)),
    }
}

/// The lowest height that an endpoint keeps, by its own words, if that is above the asked one.
pub fn pruned(asked: u64, words: &str) -> Option<u64> {
    // The second is said about a range; the height in it is the asked one, unless that is too low.
    let (_, n) = words.rsplit_once("lowest height is ").or_else(|| words.rsplit_once("min height "))?;
    let lowest = n.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok()?;
    (lowest > asked).then_some(lowest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pruned_blocks_are_told_from_those_that_are_yet_to_come() {
        let words = "height 3 is not available, lowest height is 120";
        assert_eq!(gone(3, words), ChainError::Pruned { asked: 3, earliest: 120 });
        assert!(behind(words).is_none());
        let words = "height 9 must be less than or equal to the current blockchain height 8";
        assert!(behind(words).is_some() && gone(9, words).is_transient());
        let words = "min height 120 can't be greater than max height 22";
        assert_eq!((pruned(3, words), pruned(120, words)), (Some(120), None));
    }
}
