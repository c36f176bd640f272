//! Output that cannot be written: a reader that went away ends a command well, a full disk ends it with status 5, and
//! a node loses its log and lives.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use lyceum_learn::{Hash32, Model, ModelConfig};

use crate::fixture::{Operator, PASSPHRASE, edit, nobody, text};

/// A stream whose reader is gone.
fn closed() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

/// A disk without room.
fn full() -> Stdio {
    File::options().write(true).open("/dev/full").unwrap().into()
}

/// An operator with a key and a model, and the commands that print something, each with its arguments.
fn commands(operator: &Operator) -> Vec<Vec<String>> {
    operator.key();
    let block = operator.path("model/base.tblock");
    let tiny = ModelConfig::tiny();
    let model = Model::init(tiny.clone(), &Hash32([1; 32]), tch::Device::Cpu).unwrap();
    operator.write("model/config.json", serde_json::to_vec(&tiny).unwrap());
    operator.write("model/base.tblock", model.to_block().unwrap());
    let (folder, beacon) = (operator.path("model"), operator.path("beacon.key"));
    let (network, passphrase) = (operator.deployment("lyceum-1", "wasm"), operator.path("passphrase"));
    let home = operator.path("new-home");
    [
        vec!["inspect", &block],
        vec!["inspect", &block, "--json"],
        vec!["generate", &folder, "--base", "--bytes", "4"],
        vec!["generate", &folder, "--base", "--bytes", "4", "--json"],
        vec!["keys", "list"],
        vec!["keys", "list", "--json"],
        vec!["keys", "show", "node"],
        vec!["keys", "show", "node", "--address"],
        vec!["keys", "show", "node", "--json"],
        vec!["beacon", "--key", &beacon, "--describe"],
        vec!["completions", "bash"],
        vec!["completions", "zsh"],
        vec!["--help"],
        vec!["--version"],
        vec!["help", "tx"],
        vec!["tx", "nodes", "bond", "--help"],
        vec![
            "init",
            "--home",
            &home,
            "--network",
            &network,
            "--rpc",
            "http://127.0.0.1:1",
            "--passphrase-file",
            &passphrase,
        ],
    ]
    .map(|args| args.into_iter().map(str::to_owned).collect())
    .into()
}

#[test]
fn a_reader_that_goes_away_ends_every_command_well_and_without_a_word() {
    let operator = Operator::new();
    for args in commands(&operator) {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let out = operator.command(&args).stdout(closed()).stderr(Stdio::piped()).output().unwrap();
        assert_eq!((out.status.code(), text(&out.stderr).as_str()), (Some(0), ""), "{args:?}");
    }
}

#[test]
fn a_full_disk_behind_stdout_ends_every_command_with_status_5() {
    let operator = Operator::new();
    for args in commands(&operator) {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let out = operator.command(&args).stdout(full()).stderr(Stdio::piped()).output().unwrap();
        let said = text(&out.stderr);
        assert_eq!(out.status.code(), Some(5), "{args:?}: {said}");
        assert!(!said.contains("panicked"), "{args:?}: {said}");
    }
    // Both streams on one full disk: nobody can be told, and the status still says it.
    let both = operator.command(&["keys", "list"]).stdout(full()).stderr(full()).status().unwrap();
    assert_eq!(both.code(), Some(5));
}

#[test]
fn a_refusal_that_cannot_be_shown_keeps_its_status() {
    let operator = Operator::new();
    for (status, args) in [
        (2, &["keys", "nonsense"][..]),
        (2, &["keys", "nonsense", "--json"]),
        (9, &["keys", "show", "nobody"]),
        (9, &["keys", "show", "nobody", "--json"]),
        (3, &["inspect", "/no/such/file"]),
        (3, &["inspect", "/no/such/file", "--json"]),
    ] {
        for stream in [closed, full] {
            let ended = operator.command(args).stdout(stream()).stderr(stream()).status().unwrap();
            assert_eq!(ended.code(), Some(status), "{args:?}");
        }
    }
}

#[test]
fn control_characters_of_names_and_errors_do_not_reach_the_terminal() {
    let operator = Operator::new();
    let out = operator.command(&["inspect", "/no/such/\u{1b}[31mfile\u{9b}2J"]).output().unwrap();
    let said = text(&out.stderr);
    assert!(said.contains("\\u001b[31mfile\\u009b2J"), "{said}");
    assert!(!said.contains(['\u{1b}', '\u{9b}']), "{said}");
}

/// A node that runs; killed if the test ends early.
struct Node(Child, SocketAddr);

impl Node {
    /// Starts a node whose chain does not answer, and says where its health is told.
    fn start(operator: &Operator, prefix: &str, log: Stdio) -> Self {
        operator.write("passphrase", PASSPHRASE);
        operator.key();
        let config = operator.init("lyceum-1", &nobody());
        // Free now; nobody on this machine takes it on purpose.
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        edit(&config, "listen = \"127.0.0.1:0\"", &format!("listen = \"{address}\""));
        edit(&config, "#level = \"info\"", "level = \"debug\"");
        let line =
            format!("{prefix} exec {} node --config {}", env!("CARGO_BIN_EXE_lyceum"), config.display());
        let mut command = Command::new("sh");
        command.args(["-c", &line]).env_remove("LYCEUM_LOG").stdin(Stdio::null()).stdout(Stdio::null());
        Self(command.stderr(log).spawn().unwrap(), address)
    }

    /// What it says of its health, once it does.
    fn health(&mut self) -> String {
        let begun = Instant::now();
        loop {
            if let Some(ended) = self.0.try_wait().unwrap() {
                panic!("the node ended: {ended}");
            }
            if let Ok(mut stream) = TcpStream::connect(self.1) {
                let asked =
                    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
                let mut answer = String::new();
                if asked.and_then(|()| stream.read_to_string(&mut answer)).is_ok() && !answer.is_empty() {
                    return answer;
                }
            }
            assert!(begun.elapsed() < Duration::from_secs(120), "the node does not come up");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Asks it to leave; how it ended.
    fn leave(mut self) -> Option<i32> {
        let pid = self.0.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.0.wait().unwrap().code()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_node_whose_log_cannot_be_written_loses_its_log_and_lives() {
    for log in [full, closed] {
        let operator = Operator::new();
        let mut node = Node::start(&operator, "", log());
        assert!(node.health().starts_with("HTTP/1.1 200"));
        assert_eq!(node.leave(), Some(0));
    }
    // A limit on the size of files, which a signal would enforce: one block of 512 bytes is soon full.
    let operator = Operator::new();
    let log = operator.path("log");
    let mut node = Node::start(&operator, "ulimit -f 1;", File::create(&log).unwrap().into());
    assert!(node.health().starts_with("HTTP/1.1 200"));
    assert_eq!(node.leave(), Some(0));
    let written = std::fs::read(&log).unwrap();
    assert!(!written.is_empty() && written.len() <= 1_024, "{} bytes", written.len());
}
