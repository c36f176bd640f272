//! Many transactions at once: each is included exactly once, whoever sends beside it.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::time::{Duration, Instant};

use cosmwasm_std::Addr;
use lyceum_chain::cosmos::{Included, Key, Signer as _, address};
use lyceum_tests_realchain::{Localnet, Purse, wanted};
use tokio::task::JoinSet;

const TASKS: u64 = 20;
const EACH: u64 = 50;
const COINS: u128 = 1_000_000_000;

/// An account that nobody else pays.
fn sink(purse: &Purse) -> Addr {
    address(&Key::generate().unwrap().0.public_key(), &purse.settings.prefix).unwrap()
}

/// Every task pays amounts of its own, one after another: `from(task)` is whom it pays from.
async fn pay_all(from: impl Fn(u64) -> Purse, sink: &Addr) -> Vec<(Included, Duration)> {
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let (purse, sink) = (from(task), sink.clone());
        tasks.spawn(async move {
            let mut paid = Vec::new();
            for number in 1..=EACH {
                let begun = Instant::now();
                let amount = u128::from(task * EACH + number);
                let included = purse.client.send(vec![purse.pay(&sink, amount)]).await.unwrap();
                paid.push((included, begun.elapsed()));
            }
            paid
        });
    }
    tasks.join_all().await.into_iter().flatten().collect()
}

/// A table for people; the harness keeps what `println` says to itself.
fn table(what: &str, paid: &[(Included, Duration)], took: Duration) {
    let mut times: Vec<_> = paid.iter().map(|(_, time)| *time).collect();
    times.sort();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100].as_millis();
    let heights: BTreeSet<_> = paid.iter().map(|(included, _)| included.height).collect();
    let per_second = paid.len() as f64 / took.as_secs_f64();
    let text = format!(
        "\n| {what} | ms |\n| --- | --- |\n| median | {} |\n| 90 % | {} |\n| 99 % | {} |\n| longest | {} |\n\
         {} transactions in {:.1} s and {} blocks, {per_second:.0} a second\n\n",
        at(50),
        at(90),
        at(99),
        at(100),
        paid.len(),
        took.as_secs_f64(),
        heights.len(),
    );
    std::io::stdout().write_all(text.as_bytes()).unwrap();
}

async fn hold_exactly_once(purse: &Purse, sink: &Addr, paid: &[(Included, Duration)]) {
    let hashes: BTreeSet<_> = paid.iter().map(|(included, _)| &included.hash).collect();
    assert_eq!(hashes.len() as u64, TASKS * EACH);
    // Every amount is another one, so one lost and one doubled can't make up for each other in both of these.
    let all: u128 = (1..=u128::from(TASKS * EACH)).sum();
    assert_eq!(purse.client.balance(sink).await.unwrap(), all);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_transactions_of_one_key_are_included_exactly_once_though_another_process_uses_it_too() {
    if !wanted() {
        return;
    }
    let purse = Localnet::shared().chain().purse(COINS).await.unwrap();
    let (first, sink) = (purse.sequence().await.unwrap(), sink(&purse));
    // It counts for itself, so the sequence that either has is wrong whenever the other was faster.
    let intruder = purse.apart(purse.settings.clone()).await.unwrap();
    let aside = self::sink(&purse);
    let begun = Instant::now();
    let (paid, ()) = tokio::join!(pay_all(|_| purse.clone(), &sink), async {
        for number in 1..=EACH {
            intruder.client.send(vec![intruder.pay(&aside, number.into())]).await.unwrap();
        }
    });
    table("20 tasks of one key", &paid, begun.elapsed());
    hold_exactly_once(&purse, &sink, &paid).await;
    assert_eq!(purse.client.balance(&aside).await.unwrap(), (1..=u128::from(EACH)).sum());
    assert_eq!(purse.sequence().await.unwrap(), first + TASKS * EACH + EACH);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_transactions_of_twenty_keys_are_included_exactly_once() {
    if !wanted() {
        return;
    }
    let purses = Localnet::shared().chain().purses(TASKS as usize, COINS).await.unwrap();
    let sink = sink(&purses[0]);
    let begun = Instant::now();
    let paid = pay_all(|task| purses[task as usize].clone(), &sink).await;
    table("20 tasks of a key each", &paid, begun.elapsed());
    hold_exactly_once(&purses[0], &sink, &paid).await;
    for purse in &purses {
        assert_eq!(purse.sequence().await.unwrap(), EACH);
    }
}
