//! The program, an operator's folder and chain, and what the faucet's own client does.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use cosmos_sdk_proto::cosmos::bank::v1beta1::MsgSend;
use cosmos_sdk_proto::cosmos::base::v1beta1::Coin;
use cosmwasm_std::Addr;
use lyceum_api::rewards;
use lyceum_chain::cosmos::{Client, Key, Settings};
use lyceum_tests_realchain::{Localnet, artifacts, binary};
use prost::Message as _;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// An operator: a folder with keys, a beacon and artifacts, and the chain it works on.
pub struct Operator {
    pub folder: tempfile::TempDir,
    pub net: Localnet,
}

impl Operator {
    pub fn new() -> Self {
        let operator = Self { folder: tempfile::tempdir().unwrap(), net: Localnet::up(1, 300) };
        operator.write("words", &operator.net.chain().faucet.mnemonic);
        operator.write("pw", "a passphrase");
        operator.ok(&[
            "keys",
            "add",
            "faucet",
            "--recover",
            "--words-file",
            "words",
            "--passphrase-file",
            "pw",
        ]);
        operator.ok(&["beacon", "--key", "beacon.key", "--info", "beacon.json", "--describe"]);
        operator.copy_artifacts(&artifacts(), "artifacts", b"");
        operator
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// Artifacts in a folder of ours; a mark in a custom section makes other code of them that does the same.
    pub fn copy_artifacts(&self, from: &Path, to: &str, mark: &[u8]) {
        std::fs::create_dir_all(self.path(to)).unwrap();
        let mut sums = String::new();
        for name in lyceum_chain::CONTRACTS {
            let mut wasm =
                std::fs::read(from.join(format!("{name}.wasm"))).expect("./scripts/build-contracts ran");
            if !mark.is_empty() {
                // Section 0: its length, its name's length, its name.
                wasm.extend([0, mark.len() as u8 + 1, mark.len() as u8]);
                wasm.extend(mark);
            }
            sums += &format!("{}  {name}.wasm\n", hex::encode(Sha256::digest(&wasm)));
            std::fs::write(self.path(to).join(format!("{name}.wasm")), wasm).unwrap();
        }
        std::fs::write(self.path(to).join("checksums.txt"), sums).unwrap();
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.args(args).current_dir(self.folder.path()).env("LYCEUM_HOME", self.path("home"));
        command.stdin(Stdio::null());
        command
    }

    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("the binary runs")
    }

    /// Runs a command that must do what it says, and gives its JSON.
    #[track_caller]
    pub fn ok(&self, args: &[&str]) -> Value {
        let args: Vec<&str> = args.iter().copied().chain(["--json"]).collect();
        let Output { status, stdout, stderr } = self.run(&args);
        let (said, told) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
        assert!(status.success(), "{args:?}: {status}\n{said}\n{told}");
        serde_json::from_str(&said).unwrap_or_else(|e| panic!("{args:?}: {e}\n{said}"))
    }

    /// Runs a command that must refuse with an exit code and these words.
    #[track_caller]
    pub fn refused(&self, args: &[&str], exit: i32, words: &str) {
        let args: Vec<&str> = args.iter().copied().chain(["--json"]).collect();
        let Output { status, stdout, stderr } = self.run(&args);
        let (said, told) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
        assert_eq!(status.code(), Some(exit), "{args:?}\n{said}\n{told}");
        assert!(said.contains(words), "{args:?}: expected {words:?} in\n{said}\n{told}");
    }

    pub fn address(&self, key: &str) -> String {
        self.ok(&["keys", "show", key])["address"].as_str().unwrap().to_owned()
    }

    /// The arguments of a deployment for an authority into a file.
    pub fn deploy<'a>(&'a self, authority: &'a str, out: &'a str) -> Vec<&'a str> {
        let rpc = self.net.chain().rpc[0].as_str();
        let mut args = vec!["deploy", "--chain", "lyceum-1", "--rpc", rpc, "--key", "faucet"];
        args.extend(["--passphrase-file", "pw", "--authority", authority, "--beacon", "beacon.json"]);
        args.extend(["--artifacts", "artifacts", "--short-windows", "--treasury", "21000000", "--out", out]);
        args
    }

    /// The arguments that say which network, and as whom.
    pub fn at<'a>(&'a self, key: &'a str, file: &'a str) -> Vec<&'a str> {
        self.through(self.net.chain().rpc[0].as_str(), key, file)
    }

    /// The same through an endpoint.
    pub fn through<'a>(&'a self, rpc: &'a str, key: &'a str, file: &'a str) -> Vec<&'a str> {
        vec!["--key", key, "--passphrase-file", "pw", "--rpc", rpc, "--deployment", file]
    }
}

/// Something with the faucet's client.
pub fn with_client<T>(operator: &Operator, work: impl AsyncFnOnce(&Client) -> T) -> T {
    let chain = operator.net.chain();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let key = Key::from_mnemonic(&chain.faucet.mnemonic, 0).unwrap();
        let settings = Settings::new(&chain.chain_id, chain.rpc.clone());
        work(&Client::connect(settings, std::sync::Arc::new(key)).await.unwrap()).await
    })
}

/// What the treasury of a deployment that was printed holds.
pub fn treasury(operator: &Operator, deployed: &Value) -> u128 {
    let rewards = Addr::unchecked(deployed["deployment"]["contracts"]["rewards"].as_str().unwrap());
    let asked = rewards::QueryMsg::Treasury {};
    let answer: rewards::TreasuryResponse =
        with_client(operator, async |client| client.smart(&rewards, &asked, None).await.unwrap());
    answer.free.u128()
}

/// Gives accounts what fees take.
pub fn fund(operator: &Operator, keys: &[&str]) {
    let to: Vec<String> = keys.iter().map(|key| operator.address(key)).collect();
    with_client(operator, async |client| {
        let msgs = to.into_iter().map(|to_address| {
            let amount = vec![Coin { denom: "ulyc".to_owned(), amount: "100000000".to_owned() }];
            let msg = MsgSend { from_address: client.account().to_string(), to_address, amount };
            cosmrs::Any { type_url: "/cosmos.bank.v1beta1.MsgSend".to_owned(), value: msg.encode_to_vec() }
        });
        client.send(msgs.collect()).await.unwrap();
    });
}
