//! `init` and `node`: what is refused before a node begins, and what a node says while it waits for its chain.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use crate::fixture::{Operator, Running, deployment, edit, endpoint, nobody};

#[test]
fn init_prepares_a_folder_once_and_never_overwrites() {
    let operator = Operator::new();
    let network = operator.deployment("lyceum-1", "wasm");
    let said = operator.ok(&["init", "--network", &network, "--rpc", "http://127.0.0.1:26657"]);
    let home = operator.home();
    for step in
        ["net.announce", "node.stake_ulyc", "lyceum keys add node --home", "lyceum keys show node --address"]
    {
        assert!(said.contains(step), "{step} in {said}");
    }
    assert!(
        said.ends_with(&format!("lyceum node --config {}\n", home.join("node.toml").display())),
        "{said}"
    );
    let mode = |name: &str| std::fs::metadata(home.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(
        (mode(""), mode("peer.key"), mode("node.secret"), mode("store")),
        (0o700, 0o600, 0o600, 0o700)
    );
    let config = std::fs::read_to_string(home.join("node.toml")).unwrap();
    assert!(config.contains("id = \"lyceum-1\"") && config.contains("#gas_ceiling = 50000000"), "{config}");
    let again = operator.refused(&["init", "--network", &network, "--rpc", "http://127.0.0.1:1"]);
    assert_eq!((again.0, again.1.as_str()), (3, "input/file.exists"));
    assert_eq!(std::fs::read_to_string(home.join("node.toml")).unwrap(), config);
    let file = operator.write("file", "x");
    let taken =
        operator.refused(&["init", "--network", &network, "--rpc", "http://127.0.0.1:1", "--home", &file]);
    assert_eq!((taken.0, taken.1.as_str()), (3, "input/home.no_folder"), "{}", taken.2);
    // Who begins the configuration anew keeps who the node is.
    let secret = std::fs::read(home.join("node.secret")).unwrap();
    std::fs::remove_file(home.join("node.toml")).unwrap();
    operator.ok(&["init", "--network", &network, "--rpc", "http://127.0.0.1:26657"]);
    assert_eq!(std::fs::read(home.join("node.secret")).unwrap(), secret);
}

#[test]
fn init_lets_the_nodes_of_a_private_network_dial_each_other() {
    let operator = Operator::new();
    let network = operator.deployment("lyceum-1", "wasm");
    operator.ok(&["init", "--network", &network, "--rpc", "http://127.0.0.1:26657", "--allow-private"]);
    let config = std::fs::read_to_string(operator.home().join("node.toml")).unwrap();
    assert!(config.contains("\nallow_private = true\n"), "{config}");
}

#[test]
fn init_refuses_what_would_not_be_read_back_and_leaves_nothing() {
    let operator = Operator::new();
    let network = operator.deployment("lyceum-1", "wasm");
    let init = |args: &[&str]| operator.refused(&[&["init", "--rpc", "http://h:1"], args].concat());
    assert!(init(&[]).2.contains("--network"));
    assert_eq!(init(&["--network", &network, "--chain-id", "lyceum-2"]).1, "network/chain.other_deployment");
    assert_eq!(init(&["--network", &network, "--announce", "1.2.3.4"]).1, "config/config.value");
    for (flag, value, key, expected) in [
        ("--name", "a\n", "node.name", "cannot be seen"),
        ("--key", "../x", "key.name", "letters, digits"),
        ("--key", "", "key.name", "letters, digits"),
        ("--device", "gpu", "work.device", "cuda:N"),
        ("--device", "cuda:9999", "work.device", "from 0 to 127"),
        ("--device", "cuda:99999999999999999999", "work.device", "from 0 to 127"),
    ] {
        let (code, kind, words) = init(&["--network", &network, flag, value]);
        assert_eq!((code, kind.as_str()), (13, "config/config.value"), "{flag} {value}: {words}");
        assert!(words.starts_with("these options make no node.toml"), "{words}");
        assert!(words.contains(key) && words.contains(expected), "{flag} {value}: {words}");
    }
    let bad = operator.refused(&["init", "--network", &network, "--rpc", "h:1"]);
    assert_eq!((bad.0, bad.1.as_str()), (13, "config/config.value"));
    assert_eq!(init(&["--network", &network, "--stake", "9999999999999999999"]).0, 3, "not lowered");
    assert!(!operator.home().exists(), "nothing was begun");
    let reached = ["--announce", "/ip4/9.9.9.9/udp/26690/quic-v1", "--stake", "5LYC"];
    let spaced = operator.path("a home");
    let begin = ["init", "--rpc", "http://h:1", "--network", &network, "--home", &spaced];
    let said = operator.ok(&[&begin[..], &reached].concat());
    assert!(!said.contains("net.announce") && !said.contains("stake_ulyc"), "{said}");
    assert!(said.contains(&format!("lyceum node --config '{spaced}/node.toml' --check")), "{said}");
}

#[test]
fn a_wrong_configuration_is_refused_with_file_line_and_key() {
    let operator = Operator::new();
    operator.key();
    let config = operator.init("lyceum-1", &nobody());
    edit(&config, "#gas_ceiling =", "gas_celing =");
    let (code, kind, words) = operator.refused(&["node", "--config", config.to_str().unwrap(), "--check"]);
    assert_eq!((code, kind.as_str()), (13, "config/config.unknown_key"));
    assert!(words.contains("node.toml:") && words.contains("did you mean chain.gas_ceiling?"), "{words}");
    let (code, _, words) = operator.refused(&["node", "--config", "/no/such/node.toml"]);
    assert_eq!(code, 3);
    assert!(words.contains("lyceum init"), "{words}");
}

#[test]
fn what_stops_a_node_is_told_by_a_check_each_with_its_own_code() {
    let operator = Operator::new();
    operator.key();
    let silent = nobody();
    let config = operator.init("lyceum-1", &silent);
    let check = || operator.refused(&["node", "--config", config.to_str().unwrap(), "--check"]);
    let (code, kind, words) = check();
    assert_eq!((code, kind.as_str()), (7, "unreachable/chain.unreachable"), "{words}");
    // Another chain at the endpoint.
    let other = endpoint("other-1");
    edit(&config, &silent, &other);
    assert_eq!(check().1, "network/chain.wrong_chain");
    // A port that somebody else has.
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = format!("listen = \"{}\"", taken.local_addr().unwrap());
    edit(&config, "listen = \"127.0.0.1:0\"", &port);
    let (code, kind, words) = check();
    assert_eq!((code, kind.as_str()), (14, "busy/serve.in_use"));
    assert!(
        words.contains("serve.listen") && words.contains(&taken.local_addr().unwrap().to_string()),
        "{words}"
    );
    edit(&config, &port, "listen = \"127.0.0.1:0\"");
    // The same for peers.
    let tcp = format!("listen = [\"/ip4/127.0.0.1/tcp/{}\"]", taken.local_addr().unwrap().port());
    edit(&config, "listen = [\"/ip4/127.0.0.1/tcp/0\"]", &tcp);
    assert_eq!((check().0, check().1.as_str()), (14, "busy/net.in_use"));
    edit(&config, &tcp, "listen = [\"/ip4/127.0.0.1/tcp/0\"]");
    // Addresses that no machine has (RFC 5737): nobody has taken them, the configuration is wrong.
    let (free, documentation) = ("listen = \"127.0.0.1:0\"", "listen = \"192.0.2.1:0\"");
    edit(&config, free, documentation);
    assert_eq!((check().0, check().1.as_str()), (13, "config/serve.unusable"));
    edit(&config, documentation, free);
    for transport in ["tcp/0", "udp/0/quic-v1"] {
        let documentation = format!("listen = [\"/ip4/192.0.2.1/{transport}\"]");
        edit(&config, "listen = [\"/ip4/127.0.0.1/tcp/0\"]", &documentation);
        let (code, kind, words) = check();
        assert_eq!((code, kind.as_str()), (13, "config/net.unusable"));
        assert!(words.contains("192.0.2.1") && !words.contains("in use"), "{words}");
        edit(&config, &documentation, "listen = [\"/ip4/127.0.0.1/tcp/0\"]");
    }
    // A passphrase that is not the key's.
    operator.write("passphrase", "wrong horse battery");
    let (code, kind, words) = check();
    assert_eq!((code, kind.as_str()), (9, "key/chain.passphrase"));
    assert!(words.contains("key node") && !words.contains("wrong horse"), "{words}");
    // A deployment file of another chain.
    std::fs::write(operator.home().join("deployment.json"), deployment("lyceum-2", "wasm").to_string())
        .unwrap();
    assert_eq!(check().1, "network/chain.other_deployment");
}

#[test]
fn a_node_waits_for_its_chain_says_so_and_leaves_when_it_is_told_to() {
    let operator = Operator::new();
    operator.key();
    let silent = nobody();
    let config = operator.init("lyceum-1", &silent);
    let mut node = Running::start(&operator, &config);
    // The first look says that nothing has begun, a later one why: within a minute on the slowest machine.
    let mut ready = String::new();
    for _ in 0..1_200 {
        ready = node.page("/readyz");
        if ready.contains(&silent) {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert!(ready.contains(&silent), "{ready}");
    assert!(ready.starts_with("HTTP/1.1 503") && ready.contains("waits for the chain"), "{ready}");
    assert!(node.page("/healthz").starts_with("HTTP/1.1 200"), "a restart would not help");
    assert!(node.page("/metrics").contains("lyceum_chain_reachable 0"));
    // Its folder is its own.
    let (code, kind, words) = operator.refused(&["node", "--config", config.to_str().unwrap()]);
    assert_eq!((code, kind.as_str()), (14, "busy/node.in_use"), "{words}");
    node.signal("-TERM");
    assert!(node.child.wait().unwrap().success());
}
