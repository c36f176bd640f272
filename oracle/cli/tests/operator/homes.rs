//! A node's folder as it may be found: what a check says of it is what the start does, a check makes no file, and nothing
//! that a node has lived by is made anew.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::fixture::{Operator, Running, deployment, edit, nobody};

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
    ("a beacon that is none", "config/", |_, config| edit(config, "#urls = []", "urls = [\"ftp://x\"]")),
];

#[test]
fn what_a_check_refuses_the_start_refuses_in_the_same_words_and_both_leave_the_folder_as_it_was() {
    let (operator, config) = whole();
    let args = ["node", "--config", config.to_str().unwrap()];
    let check = [&args[..], &["--check"]].concat();
    let intact = listing(&operator.home());
    for (what, kind, break_it) in BROKEN {
        break_it(&operator.home(), &config);
        let broken = listing(&operator.home());
        let refused = operator.refused(&check);
        assert!(refused.1.starts_with(kind), "{what}: {refused:?}");
        assert_eq!(listing(&operator.home()), broken, "{what}");
        assert_eq!(operator.refused(&args), refused, "{what}");
        // All that a start may leave is its lock.
        let _ = std::fs::remove_file(operator.home().join("node.lock"));
        assert_eq!(listing(&operator.home()), broken, "{what}");
        restore(&operator.home(), &intact);
    }
}

fn restore(home: &Path, files: &[(PathBuf, Vec<u8>)]) {
    let store = home.join("store");
    let _ = std::fs::remove_file(&store);
    let _ = std::fs::remove_dir_all(&store);
    let _ = std::fs::remove_file(home.join("plan.json"));
    std::fs::create_dir(&store).unwrap();
    for (path, bytes) in files.iter().filter(|(path, _)| !path.is_dir()) {
        std::fs::write(path, bytes).unwrap();
        mode(path, 0o600);
    }
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
    let copy = operator.0.path().join("copy");
    let copied = std::process::Command::new("cp").arg("-a").arg(operator.home()).arg(&copy).status();
    assert!(copied.unwrap().success());
    let mut node = Running::start(&operator, &config);
    let config = copy.join("node.toml");
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
