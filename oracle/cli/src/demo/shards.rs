//! How a domain's training text is divided into shards, and which of them its task names.
//!
//! An expert is trained alone, but the router sends it some of the other domains' tokens too, and training on its own
//! text alone makes those worse: measured, up to 0.9 % for one expert. The guard allows 1 % for all experts together,
//! so an honest expert was rejected for what those before it had cost. So each dataset keeps a part aside that the
//! other domains' experts rehearse, and every task names those parts beside its own text.

use super::genesis::SHARD;

/// One of this many bytes of a domain's text is kept aside for the other domains' experts.
const ASIDE: usize = 8;
/// Shards of the own text for every two that are rehearsed. A trainer mixes shards evenly, so this keeps at least
/// three fifths of what an expert reads its own domain's.
const OWN_FOR_TWO: usize = 3;

/// A domain's training text in shards: its own expert's, then the one that others rehearse. Without other domains
/// there is none to keep aside.
pub fn divided(train: &[u8], domains: usize) -> (Vec<&[u8]>, Option<&[u8]>) {
    let others = domains.saturating_sub(1);
    let (own, aside) = match others {
        0 => (train, None),
        _ => {
            let (own, aside) = train.split_at(train.len() - train.len() / ASIDE);
            (own, Some(&aside[..aside.len().min(SHARD)]))
        }
    };
    let count = own.len().div_ceil(SHARD).max((others * OWN_FOR_TWO).div_ceil(2)).max(1);
    (own.chunks(own.len().div_ceil(count).max(1)).collect(), aside)
}

/// What each domain's task names, in order: which domain's dataset, and the bytes. The own text comes first.
pub fn of_tasks<'a>(trains: &[&'a [u8]]) -> Vec<Vec<(usize, &'a [u8])>> {
    let all: Vec<_> = trains.iter().map(|train| divided(train, trains.len())).collect();
    let task = |domain: usize| {
        let own = all[domain].0.iter().map(move |bytes| (domain, *bytes));
        let others = all.iter().enumerate().filter(move |(other, _)| *other != domain);
        own.chain(others.filter_map(|(other, (_, aside))| Some((other, (*aside)?)))).collect()
    };
    (0..trains.len()).map(task).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(length: usize, byte: u8) -> Vec<u8> {
        vec![byte; length]
    }

    #[test]
    fn at_least_three_fifths_of_a_tasks_shards_are_its_own_domains() {
        for (domains, length) in
            [(1, 100_000), (2, 98_304), (3, 3 << 20), (3, 98_304), (7, 98_304), (7, 3 << 20)]
        {
            let texts: Vec<_> = (0..domains).map(|d| text(length, d as u8)).collect();
            let trains: Vec<&[u8]> = texts.iter().map(Vec::as_slice).collect();
            for (domain, task) in of_tasks(&trains).iter().enumerate() {
                let own = task.iter().filter(|(of, _)| *of == domain).count();
                assert_eq!(task.len() - own, domains - 1);
                assert!(5 * own >= 3 * task.len(), "{own} of {}", task.len());
                assert!(task.iter().all(|(of, bytes)| bytes.iter().all(|b| *b == *of as u8)));
                assert!(task.iter().all(|(_, bytes)| (1024..=SHARD).contains(&bytes.len())));
            }
        }
    }

    #[test]
    fn the_own_expert_reads_nothing_that_others_rehearse() {
        let train: Vec<u8> = (0..300_000u32).map(|i| (i >> 8) as u8).collect();
        let (own, aside) = divided(&train, 3);
        let aside = aside.unwrap();
        assert_eq!([own.concat(), aside.to_vec()].concat(), train);
        assert_eq!(aside.len(), train.len() / ASIDE);
        assert_eq!(divided(&train, 1).1, None);
    }
}
