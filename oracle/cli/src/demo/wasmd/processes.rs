//! The programs: started, heard, and ended. None outlives the demo: each reads an input whose other end is here, and
//! ends when that is gone, whatever ended the demo.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use lyceum_agent::Event;
use lyceum_chain::Deployment;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStderr, Command};
use tokio::sync::{Mutex, mpsc};
use tokio::time::timeout;

use super::super::Settings;
use super::super::cast::Member;
use super::super::genesis::{Blueprint, TREASURY};
use super::accounts::{Accounts, KEY, Localnet};
use super::kills::Kills;
use super::{Places, folder, folders, patience};

/// The longest line of a log that is taken apart.
const LINE: usize = 1 << 20;
/// The longest log in which the last line of a node that ended is looked for.
const MAX_LOG: u64 = 256 << 20;
/// How long programs may take to end after they are told to.
const LEAVE: Duration = Duration::from_secs(40);
/// Seconds that training one claim takes beside others, for each second that it takes alone and for each other claim.
const SHARE: u64 = 1;

/// What runs.
#[derive(Debug)]
pub struct Processes {
    program: PathBuf,
    work: PathBuf,
    tell: mpsc::Sender<Event>,
    kills: Option<Kills>,
    beacon: Option<Child>,
    nodes: Vec<Running>,
}

/// A node. Whoever holds the lock while its process is dead starts it again.
#[derive(Debug)]
struct Running {
    name: String,
    child: Arc<Mutex<Child>>,
}

impl Processes {
    /// None yet.
    pub fn new(program: &Path, work: &Path, tell: mpsc::Sender<Event>, kills: Option<Kills>) -> Self {
        let (program, work) = (program.to_owned(), work.to_owned());
        Self { program, work, tell, kills, beacon: None, nodes: vec![] }
    }

    fn command(&self) -> Command {
        command(&self.program)
    }

    /// Starts the beacon and gives its URL.
    pub async fn beacon(&mut self) -> anyhow::Result<String> {
        let (key, info) = (self.work.join("beacon.key"), self.work.join("beacon.json"));
        let mut child = self
            .command()
            .args(["beacon", "--json", "--ends-with-input", "--listen", "127.0.0.1:0", "--key"])
            .arg(&key)
            .arg("--info")
            .arg(&info)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("the beacon does not start")?;
        let out = child.stdout.take().context("the beacon's output is read")?;
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line).await?;
        let said: serde_json::Value = serde_json::from_str(&line).context("the beacon says where it is")?;
        self.beacon = Some(child);
        Ok(said["url"].as_str().context("the beacon says where it is")?.to_owned())
    }

    /// Runs `lyceum deploy` with windows that fit a demo in real time.
    pub async fn deploy(
        &self,
        chain: &Localnet,
        places: &Places,
        settings: &Settings,
        blueprint: &Blueprint,
        accounts: &Accounts,
    ) -> anyhow::Result<Deployment> {
        let (params, out) = (self.work.join("params.json"), self.work.join("deployment.json"));
        let mut values = windows(settings, blueprint.domains.len());
        values["datasets"]["licences"] = json!(blueprint.licences());
        std::fs::write(&params, serde_json::to_vec(&values)?)?;
        let home = Accounts::authority_folder(&self.work);
        let mut command = self.command();
        command.args([
            "deploy",
            "--chain",
            &chain.chain_id,
            "--prefix",
            &chain.prefix,
            "--key",
            KEY,
            "--home",
        ]);
        command.arg(&home).arg("--passphrase-file").arg(home.join("passphrase"));
        for rpc in &chain.rpc {
            command.args(["--rpc", rpc]);
        }
        command.args(["--authority", accounts.authority.account().as_str()]);
        command.args(["--treasury", &TREASURY.to_string(), "--short-windows"]);
        command.arg("--params").arg(&params).arg("--beacon").arg(self.work.join("beacon.json"));
        command.arg("--artifacts").arg(&places.artifacts).arg("--out").arg(&out);
        let output = command.output().await.context("lyceum deploy does not start")?;
        if !output.status.success() {
            bail!("lyceum deploy: {}", String::from_utf8_lossy(&output.stderr).trim_end());
        }
        Ok(Deployment::load_for(&out, &chain.chain_id)?)
    }

    /// Starts a member's node.
    pub fn node(&mut self, member: &Member) -> anyhow::Result<()> {
        let home = folder(&self.work, &member.name);
        let (child, log) = start(&self.program, &home)?;
        let child = Arc::new(Mutex::new(child));
        let life = Life {
            program: self.program.clone(),
            home,
            member: member.clone(),
            child: child.clone(),
            tell: self.tell.clone(),
            kills: self.kills.clone(),
        };
        tokio::spawn(life.hear(log));
        self.nodes.push(Running { name: member.name.clone(), child });
        Ok(())
    }

    /// An error if a program has ended.
    pub async fn check(&mut self) -> anyhow::Result<()> {
        for Running { name, child } in &self.nodes {
            if let Some(status) = child.lock().await.try_wait()? {
                let log = folder(&self.work, name).join("log.jsonl");
                let text = lyceum_files::read(&log, MAX_LOG).unwrap_or_default();
                let text = String::from_utf8_lossy(&text);
                let last = text.lines().last().unwrap_or("it said nothing");
                bail!("the node of {name} ended ({status}): {last}");
            }
        }
        match self.beacon.as_mut().map(Child::try_wait) {
            Some(Ok(Some(status))) => bail!("the beacon ended ({status})"),
            _ => Ok(()),
        }
    }

    /// Has the nodes leave, then the beacon.
    pub async fn end(&mut self) -> anyhow::Result<()> {
        for Running { child, .. } in &self.nodes {
            // The end of its input tells a node to leave.
            drop(child.lock().await.stdin.take());
        }
        for Running { name, child } in std::mem::take(&mut self.nodes) {
            match timeout(LEAVE, child.lock().await.wait()).await {
                Ok(ended) => {
                    anyhow::ensure!(ended?.success(), "the node of {name} did not leave in good order")
                }
                Err(_) => bail!("the node of {name} did not leave within {} s", LEAVE.as_secs()),
            }
        }
        self.beacon = None;
        Ok(())
    }
}

fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    // It leads a group of its own: Ctrl-C is the demo's to hear.
    command.process_group(0).kill_on_drop(true).stdin(Stdio::null());
    command
}

/// Starts a node's process, and gives its log.
fn start(program: &Path, home: &Path) -> anyhow::Result<(Child, ChildStderr)> {
    let mut command = command(program);
    command
        .args(["node", "--log-format", "json", "--ends-with-input", "--config"])
        .arg(home.join("node.toml"));
    let wrong = folders::misbehaviour(home);
    if lyceum_files::is_there(&wrong)? {
        command.arg("--misbehave").arg(wrong);
    }
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("{} does not start", program.display()))?;
    let log = child.stderr.take().context("a node's log is read")?;
    Ok((child, log))
}

/// What a node's log is heard with.
struct Life {
    program: PathBuf,
    home: PathBuf,
    member: Member,
    child: Arc<Mutex<Child>>,
    tell: mpsc::Sender<Event>,
    kills: Option<Kills>,
}

impl Life {
    /// Keeps the log and tells its events on. At an event at which the node shall be killed it is, and starts again.
    async fn hear(self, mut log: ChildStderr) -> anyhow::Result<()> {
        let mut file = tokio::fs::File::create(self.home.join("log.jsonl")).await?;
        loop {
            let mut lines = BufReader::new(log).split(b'\n');
            let mut killed = None;
            while let Some(line) = lines.next_segment().await? {
                file.write_all(&line).await?;
                file.write_all(b"\n").await?;
                let Some(event) = event(&line) else { continue };
                if killed.is_none() && self.kills.as_ref().is_some_and(|k| k.due(&self.member, &event)) {
                    let mut child = self.child.lock().await;
                    child.start_kill()?;
                    // Held until it is started again: nobody takes its end for a failure.
                    killed = Some(child);
                }
                let _ = self.tell.send(event).await;
            }
            file.flush().await?;
            let Some(mut child) = killed else { return Ok(()) };
            child.wait().await?;
            (*child, log) = start(&self.program, &self.home)?;
        }
    }
}

/// The event of a line, if it holds one.
fn event(line: &[u8]) -> Option<Event> {
    if line.len() > LINE {
        return None;
    }
    let said: serde_json::Value = serde_json::from_slice(line).ok()?;
    serde_json::from_str(said["event"].as_str()?).ok()
}

/// Windows for a demo whose time is real, where all nodes share one machine: as short as lets everybody work.
fn windows(settings: &Settings, tasks: usize) -> serde_json::Value {
    let times = patience(settings);
    let attest = 60 + SHARE * 10 * tasks as u64 * u64::from(settings.steps) / 400;
    json!({
        "nodes": { "maturity_seconds": 20, "epoch_seconds": 10 },
        "datasets": {
            "audit_commit_seconds": 120, "audit_reveal_seconds": 60, "vote_seconds": 30, "extension_seconds": 30,
        },
        "tasks": {
            "reveal_seconds": times * 40, "serve_seconds": times * 60, "attest_seconds": times * attest,
            "open_seconds": times * 40, "answer_seconds": times * 40, "dispute_seconds": 40,
        },
    })
}
