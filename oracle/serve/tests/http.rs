//! The pages as a supervisor and Prometheus meet them.

use std::net::SocketAddr;

use lyceum_serve::{Board, Metrics, ServeError, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn get(address: SocketAddr, page: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {page} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

async fn up(alive: &Board, ready: &Board, metrics: &Metrics) -> SocketAddr {
    let server = Server::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = server.address();
    tokio::spawn(server.run(alive.clone(), ready.clone(), metrics.clone()));
    address
}

#[tokio::test]
async fn readiness_follows_the_board_with_its_reasons() {
    let (alive, ready) = (Board::new(), Board::new());
    let metrics = Metrics::new("1", "lyceum-1");
    let address = up(&alive, &ready, &metrics).await;
    let chain = ready.check("chain", None);
    chain.unwell("http://127.0.0.1:1 does not answer");
    let answer = get(address, "/readyz").await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert!(answer.contains("does not answer") && answer.contains("application/json"), "{answer}");
    assert!(get(address, "/metrics").await.contains("lyceum_node_ready 0"));
    chain.well("height 7");
    assert!(get(address, "/readyz").await.starts_with("HTTP/1.1 200"));
    assert!(get(address, "/metrics").await.contains("lyceum_node_ready 1"));
    assert!(
        get(address, "/healthz").await.starts_with("HTTP/1.1 503"),
        "nobody said that the driver goes on"
    );
    alive.check("driver", None).well("");
    assert!(get(address, "/healthz").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn an_unknown_page_names_those_there_are() {
    let address = up(&Board::new(), &Board::new(), &Metrics::new("1", "c")).await;
    let answer = get(address, "/").await;
    assert!(answer.starts_with("HTTP/1.1 404") && answer.contains("/readyz"), "{answer}");
}

#[tokio::test]
async fn a_port_in_use_is_a_clear_error() {
    let server = Server::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let error = Server::bind(server.address()).await.unwrap_err();
    assert!(matches!(error, ServeError::InUse { .. }));
    assert_eq!(error.code(), "serve.in_use");
    assert!(error.to_string().contains(&server.address().to_string()));
}

#[tokio::test]
async fn an_address_that_no_process_of_this_machine_can_have_is_not_called_in_use() {
    // An address of documentation (RFC 5737): no machine has it.
    let error = Server::bind("192.0.2.1:26680".parse().unwrap()).await.unwrap_err();
    assert!(matches!(error, ServeError::Unusable { .. }), "{error}");
    assert_eq!(error.code(), "serve.unusable");
    assert!(error.to_string().contains("192.0.2.1:26680"), "{error}");
}
