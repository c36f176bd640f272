//! The fixture itself: what it starts is up, and ends with it.

use std::path::Path;

use lyceum_tests_realchain::{Endpoint, Localnet, wanted};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

fn running(pids: &[u32]) -> usize {
    pids.iter().filter(|pid| Path::new("/proc").join(pid.to_string()).join("exe").exists()).count()
}

#[test]
fn a_validator_killed_comes_back_and_the_network_ends_with_its_test() {
    if !wanted() {
        return;
    }
    let net = Localnet::up(1, 300);
    assert_eq!(net.chain().chain_id, "lyceum-1");
    let before = net.pids();
    assert_eq!((before.len(), running(&before)), (1, 1));
    net.kill(0);
    assert_eq!((net.pids().len(), running(&before)), (0, 0));
    net.start(0);
    let after = net.pids();
    assert_eq!((after.len(), running(&after)), (1, 1));
    drop(net);
    assert_eq!(running(&after), 0);
}

async fn said(url: &str) -> Option<Vec<u8>> {
    let mut stream = tokio::net::TcpStream::connect(url.trim_start_matches("http://")).await.ok()?;
    stream.write_all(b"ping").await.ok()?;
    let mut answer = [0; 4];
    stream.read_exact(&mut answer).await.ok()?;
    Some(answer.to_vec())
}

#[tokio::test]
async fn an_endpoint_hands_on_until_it_is_cut() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut word = [0; 4];
                while stream.read_exact(&mut word).await.is_ok() {
                    word.make_ascii_uppercase();
                    if stream.write_all(&word).await.is_err() {
                        break;
                    }
                }
            });
        }
    });
    let endpoint = Endpoint::before(&target).await;
    assert_eq!(said(&endpoint.url).await.as_deref(), Some(b"PING".as_slice()));
    endpoint.refuse();
    assert_eq!(said(&endpoint.url).await, None);
    endpoint.fall_silent();
    let url = endpoint.url.clone();
    let waiting = tokio::spawn(async move { said(&url).await });
    while endpoint.connections() < 3 {
        tokio::task::yield_now().await;
    }
    assert!(!waiting.is_finished());
    endpoint.open();
    assert_eq!(waiting.await.unwrap(), None);
    assert_eq!(said(&endpoint.url).await.as_deref(), Some(b"PING".as_slice()));
}
