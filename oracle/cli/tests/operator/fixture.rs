//! The binary, an operator's folder, a deployment file, and an endpoint that answers one thing.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use lyceum_chain::cosmos::{Key, Signer, address};
use serde_json::{Value, json};

/// The passphrase of keys here.
pub const PASSPHRASE: &str = "correct horse battery";

/// An operator's folder, gone at the end.
pub struct Operator(pub tempfile::TempDir);

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl Operator {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn home(&self) -> PathBuf {
        self.0.path().join("home")
    }

    pub fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        std::fs::create_dir_all(Path::new(&path).parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lyceum"));
        command.args(args).env("LYCEUM_HOME", self.home()).env_remove("LYCEUM_LOG").stdin(Stdio::null());
        command
    }

    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("the binary runs")
    }

    /// What it prints, done well.
    pub fn ok(&self, args: &[&str]) -> String {
        let out = self.run(args);
        assert!(out.status.success(), "{args:?}: {}{}", text(&out.stdout), text(&out.stderr));
        text(&out.stdout)
    }

    /// A refusal: exit code, kind, finer code and sentence, as `--json` gives them; the sentence is the same without.
    pub fn refused(&self, args: &[&str]) -> (i32, String, String) {
        let out = self.run(&[args, &["--json"]].concat());
        let said = text(&out.stdout);
        let value: Value = serde_json::from_str(said.trim()).unwrap_or_else(|e| {
            panic!("{args:?}: {e}: {said} {}", text(&out.stderr));
        });
        let get = |key: &str| value["error"][key].as_str().unwrap_or_default().to_owned();
        (
            out.status.code().expect("it ends by itself"),
            format!("{}/{}", get("code"), get("detail")),
            get("message"),
        )
    }

    /// A key named `node`.
    pub fn key(&self) -> &Self {
        let file = self.write("passphrase", PASSPHRASE);
        self.ok(&["keys", "add", "node", "--no-words", "--passphrase-file", &file]);
        self
    }

    /// A deployment file.
    pub fn deployment(&self, chain: &str, prefix: &str) -> String {
        self.write("deployment.json", deployment(chain, prefix).to_string())
    }

    /// A prepared folder whose node asks an endpoint.
    pub fn init(&self, chain: &str, rpc: &str) -> PathBuf {
        self.init_on(&self.deployment(chain, "wasm"), rpc)
    }

    /// A prepared folder of the network of a deployment file.
    pub fn init_on(&self, deployment: &str, rpc: &str) -> PathBuf {
        self.ok(&[
            "init",
            "--network",
            deployment,
            "--rpc",
            rpc,
            "--allow-private",
            "--passphrase-file",
            &self.path("passphrase"),
        ]);
        let config = self.home().join("node.toml");
        // Any free port, for health and for peers.
        let text = std::fs::read_to_string(&config).unwrap();
        let text = text.replace("#listen = \"127.0.0.1:26680\"", "listen = \"127.0.0.1:0\"").replace(
            "#listen = [\"/ip4/0.0.0.0/udp/26690/quic-v1\", \"/ip4/0.0.0.0/tcp/26690\"]",
            "listen = [\"/ip4/127.0.0.1/tcp/0\"]",
        );
        std::fs::write(&config, text).unwrap();
        config
    }
}

pub fn deployment(chain: &str, prefix: &str) -> Value {
    let account = || address(&Key::generate().unwrap().0.public_key(), prefix).unwrap().into_string();
    let names = lyceum_chain::CONTRACTS;
    let contracts: serde_json::Map<_, _> =
        names.iter().map(|n| ((*n).to_owned(), json!(account()))).collect();
    let codes: serde_json::Map<_, _> = names
        .iter()
        .zip(1..)
        .map(|(n, id)| ((*n).to_owned(), json!({ "id": id, "checksum": "ab".repeat(32) })))
        .collect();
    let key = cosmwasm_std::Binary::from(vec![7; 96]);
    json!({
        "version": 1,
        "chain_id": chain,
        "authority": account(),
        "contracts": contracts,
        "codes": codes,
        "height": 1,
        "beacon": { "public_key": key, "genesis": 1_700_000_000, "period": 3 },
    })
}

/// Puts a value into a file of the operator's.
pub fn edit(path: &Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{from} in {text}");
    std::fs::write(path, text.replacen(from, to, 1)).unwrap();
}

/// An endpoint of a chain that only says which chain it is.
pub fn endpoint(chain: &str) -> String {
    let status = status(chain);
    serve(move |_| Ok(status.clone()))
}

/// An endpoint that gives these results, or an error's words, to JSON-RPC requests.
pub fn serve(result: impl Fn(&Value) -> Result<Value, String> + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut length = 0;
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
                    break;
                }
                if let Some(n) = line.to_lowercase().strip_prefix("content-length:") {
                    length = n.trim().parse().unwrap();
                }
            }
            let mut body = vec![0; length];
            let _ = reader.read_exact(&mut body);
            let request = serde_json::from_slice::<Value>(&body).unwrap_or_default();
            let mut answer = json!({ "jsonrpc": "2.0", "id": request.get("id").unwrap_or(&json!(-1)) });
            match result(&request) {
                Ok(result) => answer["result"] = result,
                Err(words) => {
                    answer["error"] = json!({ "code": -32603, "message": "Internal error", "data": words });
                }
            }
            let answer = answer.to_string();
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                answer.len()
            );
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(answer.as_bytes()));
        }
    });
    format!("http://{address}")
}

pub fn status(chain: &str) -> Value {
    let (hash, id) = ("AB".repeat(32), "ab".repeat(20));
    json!({
        "node_info": {
            "protocol_version": { "p2p": "8", "block": "11", "app": "0" },
            "id": id,
            "listen_addr": "tcp://0.0.0.0:26656",
            "network": chain,
            "version": "0.38.19",
            "channels": "40202122233038606100",
            "moniker": "x",
            "other": { "tx_index": "on", "rpc_address": "tcp://0.0.0.0:26657" },
        },
        "sync_info": {
            "latest_block_hash": hash,
            "latest_app_hash": hash,
            "latest_block_height": "5",
            "latest_block_time": "2026-01-01T00:00:00Z",
            "earliest_block_hash": hash,
            "earliest_app_hash": hash,
            "earliest_block_height": "1",
            "earliest_block_time": "2026-01-01T00:00:00Z",
            "catching_up": false,
        },
        "validator_info": {
            "address": "AB".repeat(20),
            "pub_key": { "type": "tendermint/PubKeyEd25519", "value": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" },
            "voting_power": "0",
        },
    })
}

/// An address at which nobody listens.
pub fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// A node that runs; killed if the test ends early.
pub struct Running {
    pub child: Child,
    pub health: SocketAddr,
}

impl Running {
    /// Starts a node and reads from its log where its health is told.
    pub fn start(operator: &Operator, config: &Path) -> Self {
        let args = ["node", "--config", config.to_str().unwrap(), "--log-format", "json"];
        let mut child = operator.command(&args).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let health = loop {
            let line = lines.next().expect("it says where its health is told").unwrap();
            let value: Value = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}"));
            if let Some(url) = value["health"].as_str() {
                break url.strip_prefix("http://").unwrap().parse().unwrap();
            }
        };
        // What it logs later is read, so that it never waits for us.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, health }
    }

    pub fn page(&self, page: &str) -> String {
        let mut stream = std::net::TcpStream::connect(self.health).unwrap();
        write!(stream, "GET {page} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
