//! A node's folder as it may be found: what a check says of it is what the start does, a check makes no file, and nothing
//! that a node has lived by is made anew.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::fixture::{Operator, PASSPHRASE, Running, deployment, edit, nobody};

const JOURNAL: &str = r#"{"version":1,"chain_id":"lyceum-1","cursor":7,"roles":{}}"#;

/// Every file and folder below one, with what it holds.
fn listing(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = vec![];
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if let Ok(target) = std::fs::read_link(&path) {
            found.push((path, target.into_os_string().into_encoded_bytes()));
            continue;
        }
        match path.is_dir() {
            true => {
                found.extend(listing(&path));
                found.push((path, vec![]));
            }
            // A pipe or device has nothing of its own, and reading one may never end.
            false if !path.is_file() => found.push((path, vec![])),
            false => found.push((path.clone(), std::fs::read(&path).unwrap())),
        }
    }
    found.sort();
    found
}

/// A whole folder of a node whose chain does not answer.
fn whole() -> (Operator, PathBuf) {
    let operator = Operator::new();
    operator.key();
    let config = operator.init("lyceum-1", &nobody());
    std::fs::write(operator.home().join("journal.json"), JOURNAL).unwrap();
    (operator, config)
}

fn planned(config: &Path, plan: &str) {
    edit(config, "#plan = ", "plan = ");
    std::fs::write(config.with_file_name("plan.json"), plan).unwrap();
}

fn mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

fn links_to(path: &Path, target: &str) {
    let _ = std::fs::remove_file(path);
    std::os::unix::fs::symlink(target, path).unwrap();
}

fn links_to_nothing(path: &Path) {
    links_to(path, "/no/such/disk/file");
}

fn endless(path: &Path) {
    links_to(path, "/dev/zero");
}

/// A pipe that nobody writes to.
fn pipe(path: &Path) {
    let _ = std::fs::remove_file(path);
    assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
    mode(path, 0o600);
}

/// What is wrong with a folder, and what a node that finds it says.
type Broken = (&'static str, &'static str, fn(&Path, &Path));

const BROKEN: &[Broken] = &[
    ("a plan that is no JSON", "input/coordinator.plan", |_, config| planned(config, "{")),
    ("a plan of something else", "input/coordinator.plan", |_, config| planned(config, r#"[{"task": 1}]"#)),
    ("no plan where one is named", "input/", |_, config| edit(config, "#plan = ", "plan = ")),
    ("a journal that was cut off", "input/agent.journal", |home, _| {
        std::fs::write(home.join("journal.json"), &JOURNAL[..30]).unwrap();
    }),
    ("an empty journal", "input/agent.journal", |home, _| {
        std::fs::write(home.join("journal.json"), "").unwrap();
    }),
    ("a journal of a newer program", "input/agent.journal", |home, _| {
        edit(&home.join("journal.json"), "\"version\":1", "\"version\":2");
    }),
    ("a journal of another chain", "input/agent.journal", |home, _| {
        edit(&home.join("journal.json"), "lyceum-1", "lyceum-2");
    }),
    ("no secret beside a journal", "input/node.secrets_missing", |home, _| {
        std::fs::remove_file(home.join("node.secret")).unwrap();
    }),
    ("no peer key beside a journal", "input/node.secrets_missing", |home, _| {
        std::fs::remove_file(home.join("peer.key")).unwrap();
    }),
    ("a secret that others may read", "input/node.secret", |home, _| {
        mode(&home.join("node.secret"), 0o644);
    }),
    ("a peer key that others may read", "input/net.key_file", |home, _| mode(&home.join("peer.key"), 0o644)),
    ("a secret that was cut off", "input/node.secret", |home, _| {
        std::fs::write(home.join("node.secret"), "abc").unwrap();
    }),
    ("no deployment file", "input/deployment.missing", |home, _| {
        std::fs::remove_file(home.join("deployment.json")).unwrap();
    }),
    ("a deployment file of another chain", "network/chain.other_deployment", |home, _| {
        std::fs::write(home.join("deployment.json"), deployment("lyceum-2", "wasm").to_string()).unwrap();
    }),
    ("no address that anybody dials", "config/net.unannounced", |_, config| {
        edit(config, "allow_private = true", "allow_private = false");
    }),
    ("no address at all", "config/net.unannounced", |_, config| {
        edit(config, "roles = [\"trainer\", \"evaluator\"]", "roles = [\"storage\"]");
        edit(config, "listen = [\"/ip4/127.0.0.1/tcp/0\"]", "listen = []");
    }),
    ("a file in the place of the store", "input/folder.none", |home, _| {
        std::fs::remove_dir_all(home.join("store")).unwrap();
        std::fs::write(home.join("store"), "x").unwrap();
    }),
    ("a store on a disk that is not there", "input/folder.none", |home, _| {
        std::fs::remove_dir_all(home.join("store")).unwrap();
        std::os::unix::fs::symlink("/no/such/disk", home.join("store")).unwrap();
    }),
    ("a peer key on a disk that is not there", "input/net.key_file", |home, _| {
        std::fs::remove_file(home.join("journal.json")).unwrap();
        links_to_nothing(&home.join("peer.key"));
    }),
    ("a peer key on a disk that is not there, beside a journal", "input/net.key_file", |home, _| {
        links_to_nothing(&home.join("peer.key"));
    }),
    ("a folder in the place of the peer key", "input/net.key_file", |home, _| {
        std::fs::remove_file(home.join("peer.key")).unwrap();
        std::fs::create_dir(home.join("peer.key")).unwrap();
    }),
    ("a secret on a disk that is not there", "input/file.dangling", |home, _| {
        std::fs::remove_file(home.join("journal.json")).unwrap();
        links_to_nothing(&home.join("node.secret"));
    }),
    ("a secret on a disk that is not there, beside a journal", "input/file.dangling", |home, _| {
        links_to_nothing(&home.join("node.secret"));
    }),
    ("a pipe in the place of the secret", "input/file.kind", |home, _| pipe(&home.join("node.secret"))),
    ("a pipe in the place of the peer key", "input/net.key_file", |home, _| pipe(&home.join("peer.key"))),
    ("a lock on a disk that is not there", "input/file.dangling", |home, _| {
        links_to_nothing(&home.join("node.lock"));
    }),
    ("a folder in the place of the lock", "input/file.kind", |home, _| {
        std::fs::create_dir(home.join("node.lock")).unwrap();
    }),
    ("a pipe in the place of the lock", "input/file.kind", |home, _| pipe(&home.join("node.lock"))),
    ("a journal on a disk that is not there", "input/agent.io", |home, _| {
        links_to_nothing(&home.join("journal.json"));
    }),
    ("a pipe in the place of the journal", "input/agent.io", |home, _| pipe(&home.join("journal.json"))),
    ("a journal without an end", "input/agent.io", |home, _| endless(&home.join("journal.json"))),
    ("a plan without an end", "input/file.kind", |home, config| {
        planned(config, "[]");
        endless(&home.join("plan.json"));
    }),
    ("a pipe in the place of the plan", "input/file.kind", |home, config| {
        planned(config, "[]");
        pipe(&home.join("plan.json"));
    }),
    ("a deployment file on a disk that is not there", "input/file.dangling", |home, _| {
        links_to_nothing(&home.join("deployment.json"));
    }),
    ("a deployment file without an end", "input/chain.deployment", |home, _| {
        endless(&home.join("deployment.json"));
    }),
    ("keys on a disk that is not there", "input/file.dangling", |home, _| {
        std::fs::remove_dir_all(home.join("keys")).unwrap();
        links_to_nothing(&home.join("keys"));
    }),
    ("a key without an end", "key/chain.key_file", |home, _| endless(&home.join("keys/node.age"))),
    ("a public half without an end", "key/key.unfit", |home, _| endless(&home.join("keys/node.json"))),
    ("a passphrase without an end", "input/file.kind", |home, _| endless(&home.with_file_name("passphrase"))),
    ("a pipe in the place of the passphrase", "input/file.kind", |home, _| {
        pipe(&home.with_file_name("passphrase"));
    }),
    ("a store's lock on a disk that is not there", "input/", |home, _| {
        links_to_nothing(&home.join("store/lock"));
    }),
    ("a configuration without an end", "input/file.kind", |_, config| endless(config)),
    ("a configuration on a disk that is not there", "input/file.dangling", |_, config| {
        links_to_nothing(config)
    }),
    ("a pipe in the place of the configuration", "input/file.kind", |_, config| pipe(config)),
    ("a beacon that is none", "config/", |_, config| edit(config, "#urls = []", "urls = [\"ftp://x\"]")),
];

#[test]
fn what_a_check_refuses_the_start_refuses_in_the_same_words_and_both_leave_the_folder_as_it_was() {
    let (operator, config) = whole();
    let args = ["node", "--config", config.to_str().unwrap()];
    let check = [&args[..], &["--check"]].concat();
    let intact = operator.0.path().join("intact");
    copy(&operator.home(), &intact);
    for (what, kind, break_it) in BROKEN {
        break_it(&operator.home(), &config);
        let broken = listing(&operator.home());
        let refused = operator.refused(&check);
        assert!(refused.1.starts_with(kind), "{what}: {refused:?}");
        assert_eq!(listing(&operator.home()), broken, "{what}");
        assert_eq!(operator.refused(&args), refused, "{what}");
        // All that a start may leave is its lock.
        let lock = operator.home().join("node.lock");
        if !broken.iter().any(|(path, _)| *path == lock) {
            let _ = std::fs::remove_file(lock);
        }
        assert_eq!(listing(&operator.home()), broken, "{what}");
        std::fs::remove_dir_all(operator.home()).unwrap();
        copy(&intact, &operator.home());
        let _ = std::fs::remove_file(operator.path("passphrase"));
        operator.write("passphrase", PASSPHRASE);
    }
}

fn copy(from: &Path, to: &Path) {
    let copied = std::process::Command::new("cp").arg("-a").arg(from).arg(to).status();
    assert!(copied.unwrap().success());
}

#[test]
fn a_check_passes_a_folder_that_the_start_begins_with_and_makes_nothing_in_it() {
    let bare: [fn(&Path); 3] = [
        |_| {},
        |home| {
            for name in ["journal.json", "node.secret", "peer.key"] {
                std::fs::remove_file(home.join(name)).unwrap();
            }
        },
        |home| std::fs::remove_dir(home.join("store")).unwrap(),
    ];
    for (index, change) in bare.into_iter().enumerate() {
        let (operator, config) = whole();
        change(&operator.home());
        let before = listing(&operator.home());
        // All of the machine is well: what is left is that the chain does not answer.
        let (code, kind, words) =
            operator.refused(&["node", "--config", config.to_str().unwrap(), "--check"]);
        assert_eq!((code, kind.as_str()), (7, "unreachable/chain.unreachable"), "{index}: {words}");
        assert_eq!(listing(&operator.home()), before, "{index}");
        let mut node = Running::start(&operator, &config);
        node.signal("-TERM");
        assert!(node.child.wait().unwrap().success(), "{index}");
    }
}

#[test]
fn a_copy_of_a_folder_does_not_run_beside_it_and_a_hangup_ends_a_node_in_good_order() {
    let (operator, config) = whole();
    let second = operator.0.path().join("copy");
    copy(&operator.home(), &second);
    let mut node = Running::start(&operator, &config);
    let config = second.join("node.toml");
    let args = ["node", "--config", config.to_str().unwrap()];
    for more in [&[][..], &["--check"]] {
        let (code, kind, words) = operator.refused(&[&args[..], more].concat());
        assert_eq!((code, kind.as_str()), (16, "twin/node.twin"), "{words}");
        assert!(words.contains("copy") && words.contains("stop the one"), "{words}");
    }
    // Under nohup a node outlives its terminal, and so does one that a test under nohup starts.
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap().trim().to_owned();
    let ignores = u64::from_str_radix(&ignored, 16).unwrap() & 1 == 1;
    node.signal(if ignores { "-TERM" } else { "-HUP" });
    assert!(node.child.wait().unwrap().success());
    // Once it has ended, the other may begin.
    let mut moved = Running::start(&operator, &config);
    moved.signal("-TERM");
    assert!(moved.child.wait().unwrap().success());
}

#[test]
fn init_makes_no_secrets_anew_where_a_node_has_lived() {
    let (operator, config) = whole();
    std::fs::remove_file(&config).unwrap();
    std::fs::remove_file(operator.home().join("node.secret")).unwrap();
    let before = listing(&operator.home());
    let network = operator.path("deployment.json");
    let (code, kind, words) =
        operator.refused(&["init", "--network", &network, "--rpc", "http://127.0.0.1:1"]);
    assert_eq!((code, kind.as_str()), (3, "input/node.secrets_missing"));
    assert!(words.contains("node.secret") && words.contains("from your backup"), "{words}");
    assert_eq!(listing(&operator.home()), before);
}

/// The same, of a folder that is not made yet.
type BrokenHome = (&'static str, &'static str, fn(&Path));

#[test]
fn init_decides_before_it_makes_anything() {
    let broken: [BrokenHome; 6] = [
        ("node.toml links to nothing", "input/file.dangling", |home| {
            links_to_nothing(&home.join("node.toml"))
        }),
        ("the store links to nothing", "input/file.dangling", |home| links_to_nothing(&home.join("store"))),
        ("a file is in the store's place", "input/home.no_folder", |home| {
            std::fs::write(home.join("store"), "").unwrap();
        }),
        ("the peer key links to nothing", "input/net.key_file", |home| {
            links_to_nothing(&home.join("peer.key"))
        }),
        ("the deployment file links to nothing", "input/file.dangling", |home| {
            links_to_nothing(&home.join("deployment.json"));
        }),
        ("the folder links to nothing", "input/file.dangling", |home| {
            std::fs::remove_dir(home).unwrap();
            links_to_nothing(home);
        }),
    ];
    for (what, kind, break_it) in broken {
        let operator = Operator::new();
        let network = operator.deployment("lyceum-1", "wasm");
        std::fs::create_dir(operator.home()).unwrap();
        break_it(&operator.home());
        let before = listing(operator.0.path());
        let refused = operator.refused(&["init", "--network", &network, "--rpc", "http://127.0.0.1:1"]);
        assert_eq!((refused.0, refused.1.as_str()), (3, kind), "{what}: {}", refused.2);
        assert_eq!(listing(operator.0.path()), before, "{what}");
    }
}

#[test]
fn a_beacon_whose_key_is_lost_is_not_given_another() {
    let operator = Operator::new();
    let (key, info) = (operator.path("beacon.key"), operator.path("beacon.json"));
    let describe = ["beacon", "--key", &key, "--info", &info, "--describe"];
    operator.ok(&describe);
    std::fs::remove_file(&key).unwrap();
    let (code, kind, words) = operator.refused(&describe);
    assert_eq!((code, kind.as_str()), (9, "key/beacon.key_missing"));
    assert!(words.contains("from your backup"), "{words}");
    assert!(!Path::new(&key).exists());
}

#[test]
fn a_check_tries_ports_and_takes_none() {
    let (operator, config) = whole();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = format!("listen = \"{}\"", taken.local_addr().unwrap());
    edit(&config, "listen = \"127.0.0.1:0\"", &port);
    let args = ["node", "--config", config.to_str().unwrap()];
    let refused = operator.refused(&[&args[..], &["--check"]].concat());
    assert_eq!((refused.0, refused.1.as_str()), (14, "busy/serve.in_use"));
    assert_eq!(operator.refused(&args), refused);
}
