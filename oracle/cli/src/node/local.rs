//! What a node begins with, of all that lies on this machine. The start and `--check` read it through the same function,
//! so that what a check passes also starts. A check makes no file, and leaves alone what a running node holds.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use lyceum_agent::roles::Planned;
use lyceum_agent::{Hash32, check_journal};
use lyceum_chain::Deployment;
use lyceum_chain::cosmos::Key;
use lyceum_net::{Identity, Network};
use lyceum_serve::Server;
use lyceum_store::Store;
use rustix::fs::Access;

use super::lock::{Lock, OnMachine};
use super::{identity, parts};
use crate::beacon::Source;
use crate::config::Config;
use crate::failure::{Failure, Refusal};
use crate::wallet::PassphraseArgs;

/// Whether what is absent is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Make {
    /// It is: the node begins.
    Absent,
    /// It is not: this only looks.
    Nothing,
}

/// What only one process can have at a time.
#[derive(Debug)]
pub struct Held {
    /// Where health is told.
    pub server: Server,
    /// The peers.
    pub network: Network,
    /// The store; none where it was only looked at.
    pub store: Option<Arc<Store>>,
    /// Where peers reach the node.
    pub addresses: Vec<String>,
    /// Keep other processes out.
    pub locks: (Option<Lock>, OnMachine),
}

/// All of it.
#[derive(Debug)]
pub struct Local {
    /// Where the contracts are.
    pub deployment: Deployment,
    /// Where tensors are worked on.
    pub device: tch::Device,
    /// Which of the node's secrets are absent, and would be made.
    pub absent: Vec<&'static str>,
    /// The peer key; one that is thrown away where none is there and none is made.
    pub peer: Identity,
    /// The secret; the same.
    pub secret: Hash32,
    /// The tasks to open.
    pub plan: Vec<Planned>,
    /// The height up to which the node had seen the chain; none if it never ran.
    pub journal: Option<u64>,
    /// The key that signs.
    pub key: Key,
    /// Where rounds are taken from.
    pub beacon: Option<Source>,
    /// Blobs in the store.
    pub blobs: usize,
    /// What only one process can have; none if a node runs in this folder, which has them.
    pub held: Option<Held>,
}

/// Reads everything, and takes what only one process can have. The first thing that stops a node is the error.
pub async fn load(config: &Config, passphrase: &PassphraseArgs, make: Make) -> anyhow::Result<Local> {
    usable(&config.folder)?;
    let lock = match make {
        Make::Absent => Some(Some(Lock::take(&config.folder)?)),
        Make::Nothing => match Lock::look(&config.folder) {
            Ok(lock) => Some(lock),
            // A node runs in it: what it holds is its own and is not tried.
            Err(error) if Failure::of(&error) == Failure::Busy => None,
            Err(error) => return Err(error),
        },
    };
    let deployment = parts::deployment(config)?;
    parts::check_announced(config)?;
    let device = lyceum_learn::device::device(&config.work.device)?;
    let plan = parts::plan(config)?;
    let found = identity::find(&config.folder)?;
    let journal = check_journal(&config.folder, &config.chain.id)?;
    let key = parts::key(config, passphrase)?;
    let beacon = match config.beacon.urls.as_slice() {
        [] => None,
        urls => Some(Source::new(urls, &deployment.beacon)?),
    };
    let absent = found.absent();
    let (peer, secret) = match make {
        Make::Absent => found.or_make(&config.folder)?,
        Make::Nothing => {
            (found.peer.unwrap_or_else(Identity::generate), found.secret.unwrap_or(Hash32([0; 32])))
        }
    };
    let folder = config.path(&config.store.folder);
    let (blobs, held) = match lock {
        // Its blobs are counted where it tells of itself.
        None => (0, None),
        Some(lock) => {
            let machine = OnMachine::take(&peer, &key, &config.chain.id).await?;
            let server = Server::bind(config.serve.listen).await.context("serve.listen")?;
            usable(&folder).context("store.folder")?;
            let blobs = Store::look(&folder)?;
            let store = match make {
                Make::Absent => Some(parts::store(config)?),
                Make::Nothing => None,
            };
            let network = start_network(config, &peer, store.clone()).await?;
            let addresses = parts::announced(config, &network.listening());
            (blobs, Some(Held { server, network, store, addresses, locks: (lock, machine) }))
        }
    };
    Ok(Local { deployment, device, absent, peer, secret, plan, journal, key, beacon, blobs, held })
}

/// The network at the node's store, or only its ports.
async fn start_network(
    config: &Config,
    peer: &Identity,
    store: Option<Arc<Store>>,
) -> anyhow::Result<Network> {
    let (listen, limits) = (parts::listen(config), parts::limits(config));
    let network = match store {
        Some(store) => Network::start(peer, &listen, store, limits).await?,
        None => {
            // Nobody is known to it, so nothing is served or fetched.
            let empty = tempfile::tempdir().context("no temporary folder can be made")?;
            Network::start(peer, &listen, Arc::new(Store::open(empty.path())?), limits).await?
        }
    };
    Ok(network)
}

/// Refuses a folder in which nothing can be made, or a place at which no folder can be.
fn usable(folder: &Path) -> anyhow::Result<()> {
    let there = folder.ancestors().find(|above| above.symlink_metadata().is_ok()).unwrap_or(folder);
    // A link that leads nowhere, as to a disk that is not there, is no folder either.
    if !there.is_dir() {
        let words = format!("{} is not a folder: name one, or mount its disk", there.display());
        return Err(Refusal::new(Failure::Input, "folder.none", words).into());
    }
    let access = rustix::fs::access(there, Access::WRITE_OK | Access::EXEC_OK | Access::READ_OK);
    access.map_err(std::io::Error::from).with_context(|| {
        format!(
            "nothing can be written in {}: it must be this user's, on a disk that is writable",
            there.display()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_none_or_leads_nowhere_is_refused_and_one_that_can_be_made_is_not() {
        let dir = tempfile::tempdir().unwrap();
        usable(dir.path()).unwrap();
        usable(&dir.path().join("a/b/c")).unwrap();
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
        let (file, link) = (dir.path().join("file"), dir.path().join("link"));
        std::fs::write(&file, "x").unwrap();
        std::os::unix::fs::symlink(dir.path().join("gone"), &link).unwrap();
        for wrong in [&file, &file.join("store"), &link, &link.join("store")] {
            let error = usable(wrong).unwrap_err();
            assert_eq!(Failure::of(&error), Failure::Input, "{}: {error}", wrong.display());
        }
    }
}
