//! A run is the same whatever the scheduling of its participants.

use std::collections::BTreeMap;
use std::time::Duration;

use cosmwasm_std::{Addr, Binary, Event, from_json, to_json_binary};
use lyceum_chain::logical::{Handle, Info, Ledger, serve};
use lyceum_chain::{Chain, ChainError, Contracts, Head, Msg, Tx, Until};

/// A ledger that only remembers what was executed, and refuses the text `no`.
#[derive(Default)]
struct Log(Vec<(u64, u64, String, String)>);

impl Ledger for Log {
    fn execute(&mut self, head: Head, sender: &Addr, tx: Tx) -> Result<Vec<Event>, String> {
        let mut said = Vec::new();
        for msg in &tx {
            let text: String = from_json(&msg.msg).map_err(|e| e.to_string())?;
            if text == "no" {
                return Err("NoSuchThing { found: no }".to_owned());
            }
            said.push((head.height, head.time, sender.to_string(), text));
        }
        let events = said.iter().map(|(_, _, _, t)| Event::new("said").add_attribute("text", t)).collect();
        self.0.append(&mut said);
        Ok(events)
    }

    fn query(&self, _: &Addr, _: &[u8]) -> Result<Binary, String> {
        to_json_binary(&self.0).map_err(|e| e.to_string())
    }

    fn knows(&self, _: &Addr) -> bool {
        true
    }

    fn balance(&self, _: &Addr) -> Result<u128, String> {
        Ok(7)
    }

    fn advance(&mut self, _: Head) {}
}

fn addr(name: &str) -> Addr {
    Addr::unchecked(name)
}

fn start(count: usize) -> Vec<Handle> {
    let seats = serve(move || {
        let accounts = (0..count).map(|i| addr(&format!("p{i}"))).collect();
        Ok((Log::default(), Head { height: 1, time: 1_000 }, 5, accounts))
    });
    let contracts = Contracts {
        charter: addr("charter"),
        nodes: addr("nodes"),
        datasets: addr("datasets"),
        experts: addr("experts"),
        tasks: addr("tasks"),
        credits: addr("credits"),
        rewards: addr("rewards"),
    };
    let info = Info { chain_id: "test".to_owned(), contracts };
    seats.unwrap().into_iter().map(|seat| Handle::new(seat, info.clone())).collect()
}

fn say(text: &str) -> Tx {
    vec![Msg::new(&addr("log"), &text.to_owned(), vec![]).unwrap()]
}

type Said = Vec<(u64, u64, String, String)>;

async fn log(chain: &Handle) -> Said {
    chain.query(&addr("log"), &()).await.unwrap()
}

/// A participant that works for different lengths of logical and of real time, reacts to what others said, and
/// leaves at a height of its own.
async fn live(chain: Handle, jitter: u64) -> Said {
    let me = chain.participant() as u64;
    let mut head = chain.head().await.unwrap();
    let mut seen = Vec::new();
    while head.time < 3_000 {
        let noise = (head.height * 31 + me * 17 + jitter * 7) % 11;
        match noise % 3 {
            0 => tokio::time::sleep(Duration::from_micros(noise * jitter * 20)).await,
            1 => std::thread::sleep(Duration::from_micros(noise * jitter * 10)),
            _ => tokio::task::yield_now().await,
        }
        seen = log(&chain).await;
        if (head.height + me).is_multiple_of(3) {
            let txs = vec![say(&format!("{} entries", seen.len())), say("no"), say("again")];
            let results = chain.submit(txs).await.unwrap();
            assert!(results[0].is_ok() && results[1].is_err() && results[2].is_ok());
            head = chain.head().await.unwrap();
        } else if (head.height + me) % 3 == 1 {
            head = chain.wait(Until::time(head.time + 40 * (me + 1))).await.unwrap();
        } else {
            head = chain.wait(Until::change_or(Some(head.time + 100))).await.unwrap();
        }
    }
    seen
}

async fn run(jitter: u64) -> BTreeMap<usize, Said> {
    let tasks: Vec<_> =
        start(6).into_iter().map(|chain| (chain.participant(), tokio::spawn(live(chain, jitter)))).collect();
    let mut out = BTreeMap::new();
    for (participant, task) in tasks {
        out.insert(participant, task.await.unwrap());
    }
    out
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_run_is_the_same_whatever_the_scheduling() {
    let first = run(0).await;
    assert!(first[&0].len() > 50, "{}", first[&0].len());
    for jitter in 1..6 {
        assert_eq!(run(jitter).await, first, "jitter {jitter}");
    }
}

#[tokio::test]
async fn a_refusal_keeps_the_contracts_words_and_undoes_its_transaction() {
    let chain = start(1).pop().unwrap();
    let both = vec![say("kept").remove(0), say("no").remove(0)];
    let results = chain.submit(vec![both, say("after")]).await.unwrap();
    let words = "NoSuchThing { found: no }".to_owned();
    assert_eq!(results[0], Err(ChainError::Refused { words }));
    assert_eq!(results[1].as_ref().unwrap().height, 1);
    let texts: Vec<_> = log(&chain).await.into_iter().map(|s| s.3).collect();
    assert_eq!(texts, ["after"]);
    assert_eq!(chain.execute(say("more")).await.unwrap().height, 2);
    let events = chain.events(1).await.unwrap();
    assert_eq!(events.iter().map(|e| e.head.height).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(events[0].txs.len(), 2);
    assert!(events[0].txs[0].events.is_empty() && events[0].txs[1].events.len() == 1);
    assert_eq!(chain.events(2).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_who_are_left_go_on_when_one_drops_out_or_is_cancelled() {
    let mut chains = start(3);
    let (dropped, cancelled, stays) = (chains.remove(0), chains.remove(0), chains.remove(0));
    let cancelled = std::sync::Arc::new(cancelled);
    let waiting = tokio::spawn({
        let cancelled = cancelled.clone();
        async move { cancelled.wait(Until::time(2_000)).await }
    });
    tokio::task::yield_now().await;
    waiting.abort();
    let _ = waiting.await;
    drop(dropped);
    drop(cancelled);
    assert_eq!(stays.wait(Until::time(5_000)).await.unwrap().time, 5_000);
}

#[tokio::test]
async fn a_network_that_stands_still_says_so_instead_of_hanging() {
    let chain = start(1).pop().unwrap();
    assert_eq!(chain.wait(Until::change_or(None)).await, Err(ChainError::Stalled { height: 1 }));
    assert_eq!(chain.wait(Until::time(1_005)).await, Ok(Head { height: 2, time: 1_005 }));
    assert_eq!(chain.balance(&addr("p0")).await, Ok(7));
}

#[tokio::test]
async fn a_turn_cannot_be_ended_twice() {
    let mut chains = start(2);
    let (other, chain) = (chains.pop().unwrap(), std::sync::Arc::new(chains.pop().unwrap()));
    let first = tokio::spawn({
        let chain = chain.clone();
        async move { chain.wait(Until::time(2_000)).await }
    });
    // On one thread it now runs until it awaits the answer, so its command is the first in the channel.
    tokio::task::yield_now().await;
    assert_eq!(chain.wait(Until::time(3_000)).await, Err(ChainError::TurnTaken { participant: 0 }));
    assert_eq!(other.wait(Until::time(2_000)).await.unwrap().time, 2_000);
    assert_eq!(first.await.unwrap().unwrap().time, 2_000);
}

#[tokio::test]
async fn a_chain_that_does_not_come_up_says_why() {
    let result = serve::<Log>(|| Err("no disk".to_owned()));
    assert_eq!(result.err(), Some(ChainError::Start("no disk".to_owned())));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_participant_whose_future_was_dropped_goes_on_and_what_it_submitted_is_executed() {
    let mut chains = start(2);
    let (other, chain) = (chains.pop().unwrap(), chains.pop().unwrap());
    let dropped = tokio::time::timeout(Duration::from_millis(50), chain.submit(vec![say("first")])).await;
    assert!(dropped.is_err());
    let other = tokio::spawn(async move { other.wait(Until::change_or(Some(9_000))).await });
    let results = chain.submit(vec![say("no")]).await.unwrap();
    assert!(results.len() == 1 && results[0].is_err());
    assert_eq!(log(&chain).await[0].3, "first");
    drop(chain);
    assert!(other.await.unwrap().is_ok());
}
