//! [`Localnet`]: local chains of one test process, ended with it whatever ends it.

use std::ffi::{OsStr, OsString};
use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, Once, OnceLock};

use serde::Deserialize;

/// Where the networks of tests lie, one folder each, named by the process that has it.
static PLACES: LazyLock<PathBuf> =
    LazyLock::new(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tmp/localnets"));
static COUNT: AtomicU32 = AtomicU32::new(0);

/// Whether tests on a real chain shall run: `scripts/test` sets `LYCEUM_REAL_CHAIN` where wasmd can be built.
///
/// Where they shall not, the first call says so on stderr.
pub fn wanted() -> bool {
    static SAID: Once = Once::new();
    let wanted = std::env::var_os("LYCEUM_REAL_CHAIN").is_some_and(|value| !value.is_empty());
    if !wanted {
        SAID.call_once(|| {
            // Not eprintln, which the test harness keeps to itself when a test passes.
            let line = b"LEFT OUT: tests on a real chain; run `scripts/localnet build` and set LYCEUM_REAL_CHAIN=1\n";
            let _ = std::io::Write::write_all(&mut std::io::stderr(), line);
        });
    }
    wanted
}

/// Local chains under a folder of their own. Dropping this ends them; so does the end of the process.
#[derive(Debug)]
pub struct Localnet {
    root: PathBuf,
    /// The chains, in order.
    pub chains: Vec<Chain>,
}

/// One chain as `network.json` describes it.
#[derive(Debug, Clone, Deserialize)]
pub struct Chain {
    /// The chain's id.
    pub chain_id: String,
    /// What its addresses begin with.
    pub prefix: String,
    /// What fees are paid in.
    pub denom: String,
    /// Units of it per gas, decimal.
    pub gas_price: String,
    /// How long a block takes, at least.
    pub block_ms: u64,
    /// CometBFT's RPC, one per validator.
    pub rpc: Vec<String>,
    /// gRPC, one per validator.
    pub grpc: Vec<String>,
    /// REST, one per validator.
    pub rest: Vec<String>,
    /// The account that has the coins.
    pub faucet: Faucet,
    /// The validators.
    pub validators: Vec<Validator>,
}

/// The account that has the coins.
#[derive(Debug, Clone, Deserialize)]
pub struct Faucet {
    /// Its address.
    pub address: String,
    /// Its words, account 0.
    pub mnemonic: String,
}

/// One validator.
#[derive(Debug, Clone, Deserialize)]
pub struct Validator {
    /// What `scripts/localnet` calls it.
    pub name: String,
    /// Its process when the network came up.
    pub pid: Option<u32>,
    /// Its folder.
    pub home: PathBuf,
}

#[derive(Deserialize)]
struct Network {
    chains: Vec<Chain>,
}

impl Localnet {
    /// One chain with this many validators, a block at least every `block_ms` milliseconds.
    ///
    /// # Panics
    /// When it does not come up, with what `scripts/localnet` said.
    pub fn up(validators: u32, block_ms: u64) -> Self {
        Self::with(1, validators, block_ms)
    }

    /// One or two such chains.
    ///
    /// # Panics
    /// When they do not come up, with what `scripts/localnet` said.
    pub fn with(chains: u32, validators: u32, block_ms: u64) -> Self {
        Self::bring_up(chains, validators, block_ms, None)
    }

    /// One chain of one validator that begins with a state: a file as `scripts/localnet up --state` takes it.
    ///
    /// # Panics
    /// When it does not come up, with what `scripts/localnet` said.
    pub fn from_state(state: &Path, block_ms: u64) -> Self {
        Self::bring_up(1, 1, block_ms, Some(state))
    }

    /// One chain of one validator that all tests of a process share, three blocks a second at most.
    ///
    /// # Panics
    /// When it does not come up, with what `scripts/localnet` said.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Localnet> = OnceLock::new();
        SHARED.get_or_init(|| Self::up(1, 300))
    }

    fn bring_up(chains: u32, validators: u32, block_ms: u64, state: Option<&Path>) -> Self {
        sweep();
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let mut net =
            Self { root: PLACES.join(format!("{}-{number}", std::process::id())), chains: Vec::new() };
        std::fs::create_dir_all(&net.root).expect("target/tmp can be written");
        let owner = std::process::id();
        let mut words: Vec<OsString> = vec!["up".into()];
        for (option, value) in [
            ("--chains", chains.into()),
            ("--validators", validators.into()),
            ("--block-time", block_ms),
            ("--owner", owner.into()),
        ] {
            words.extend([option.into(), value.to_string().into()]);
        }
        if let Some(state) = state {
            words.extend(["--state".into(), state.into()]);
        }
        net.run(&words);
        net.chains = net.described().chains;
        net
    }

    /// The first chain.
    ///
    /// # Panics
    /// Never: a network that is up has one.
    pub fn chain(&self) -> &Chain {
        self.chains.first().expect("a network has a chain")
    }

    /// The file that describes the network, for programs.
    pub fn file(&self) -> PathBuf {
        self.root.join("network.json")
    }

    /// Kills a validator, as `kill -9` does.
    ///
    /// # Panics
    /// When it can't be.
    pub fn kill(&self, validator: usize) {
        self.run(&["kill", &self.chain().validators[validator].name]);
    }

    /// Starts a validator that was killed or stopped; returns when its RPC answers.
    ///
    /// # Panics
    /// When it does not come back.
    pub fn start(&self, validator: usize) {
        self.run(&["start", &self.chain().validators[validator].name]);
    }

    /// The pids of the validators that run now.
    pub fn pids(&self) -> Vec<u32> {
        let network = self.described();
        network.chains.iter().flat_map(|chain| &chain.validators).filter_map(|each| each.pid).collect()
    }

    fn described(&self) -> Network {
        let bytes = std::fs::read(self.file()).expect("a network that is up is described");
        serde_json::from_slice(&bytes).expect("network.json is what scripts/localnet writes")
    }

    fn run(&self, arguments: &[impl AsRef<OsStr> + Debug]) {
        let Output { status, stdout: _, stderr } = self.localnet(arguments);
        assert!(
            status.success(),
            "scripts/localnet {arguments:?}: {status}\n{}",
            String::from_utf8_lossy(&stderr)
        );
    }

    fn localnet(&self, arguments: &[impl AsRef<OsStr>]) -> Output {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/localnet");
        Command::new(script)
            .args(arguments)
            .arg("--root")
            .arg(&self.root)
            .output()
            .expect("scripts/localnet can be run")
    }
}

impl Drop for Localnet {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // What explains a failed test; the folder goes with the next run.
            let logs = self.localnet(&["logs"]);
            eprintln!("{}", String::from_utf8_lossy(&logs.stdout));
        }
        let down = self.localnet(&["down"]);
        if !down.status.success() {
            // The keepers still see the owner's end.
            eprintln!("scripts/localnet down: {}", String::from_utf8_lossy(&down.stderr));
        } else if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.root);
        }
    }
}

/// Removes the folders of test processes that have ended: a network shared by a whole process is never dropped.
fn sweep() {
    let Ok(entries) = std::fs::read_dir(&*PLACES) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let pid = name.to_str().and_then(|name| name.split('-').next()?.parse::<u32>().ok());
        if pid.is_some_and(|pid| !Path::new("/proc").join(pid.to_string()).exists()) {
            // Another test may be removing it at the same time.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}
