//! Gas by kind of transaction, and block times: counted from what nodes told and from the chain's heads.

use std::collections::BTreeMap;

use lyceum_chain::Head;

use super::html::{Cell, escape, section, table};
use super::{BlockSeconds, Gas, Report};

/// Gas by kind: what stands before the `/` of a transaction's key. Transactions without gas are no part of it.
pub fn by_kind<'a>(sent: impl Iterator<Item = (&'a str, u64)>) -> Vec<Gas> {
    let mut kinds: BTreeMap<&str, (Gas, u64)> = BTreeMap::new();
    for (key, gas) in sent.filter(|(_, gas)| *gas > 0) {
        let kind = key.split('/').next().unwrap_or(key);
        let (row, sum) = kinds
            .entry(kind)
            .or_insert_with(|| (Gas { kind: kind.to_owned(), least: u64::MAX, ..Gas::default() }, 0));
        row.count += 1;
        row.least = row.least.min(gas);
        row.most = row.most.max(gas);
        *sum = sum.saturating_add(gas);
    }
    kinds.into_values().map(|(row, sum)| Gas { mean: sum / row.count, ..row }).collect()
}

/// Times between the heights of a run, oldest first; nothing where fewer than two are known.
pub fn block_seconds(heads: &[Head]) -> Option<BlockSeconds> {
    let (first, last) = (heads.first()?, heads.last()?);
    let blocks = last.height.checked_sub(first.height).filter(|n| *n > 0)?;
    let seconds = last.time.saturating_sub(first.time);
    let neighbours = heads.windows(2).filter(|w| w[1].height == w[0].height + 1);
    let longest = neighbours.map(|w| w[1].time.saturating_sub(w[0].time)).max().unwrap_or_default();
    Some(BlockSeconds { blocks, mean: seconds as f64 / blocks as f64, longest })
}

/// The page's part on gas; nothing for a chain that counts none.
pub(super) fn page(out: &mut String, report: &Report) {
    let row = |g: &Gas| {
        let numbers = [g.count, g.least, g.mean, g.most].map(|n| Cell::number(n.to_string()));
        std::iter::once(Cell::text(escape(&g.kind))).chain(numbers).collect()
    };
    let rows: Vec<Vec<Cell>> = report.gas.iter().map(row).collect();
    let hint = match report.block_seconds {
        Some(b) => format!("{} blocks, {:.2} s each in the mean, {} s at most.", b.blocks, b.mean, b.longest),
        None => String::new(),
    };
    section(out, "Gas", &hint, &table(&["transaction", "sent", "least", "mean", "most"], &rows));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gas_is_counted_by_what_stands_before_the_slash() {
        let sent = [("reveal/7", 200), ("reveal/8", 300), ("draw/1", 50), ("logical/1", 0)];
        let rows = by_kind(sent.into_iter());
        let row =
            |kind: &str, count, least, mean, most| Gas { kind: kind.to_owned(), count, least, mean, most };
        assert_eq!(rows, [row("draw", 1, 50, 50, 50), row("reveal", 2, 200, 250, 300)]);
    }

    #[test]
    fn block_times_come_from_heights_and_only_neighbours_are_compared() {
        let head = |height, time| Head { height, time };
        assert_eq!(block_seconds(&[head(1, 10)]), None);
        let found = block_seconds(&[head(1, 10), head(2, 11), head(3, 15), head(11, 20)]);
        assert_eq!(found, Some(BlockSeconds { blocks: 10, mean: 1.0, longest: 4 }));
    }
}
