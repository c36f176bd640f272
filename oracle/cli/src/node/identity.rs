//! What makes a node itself: its peer key, which the chain binds to its account, and its secret, from which the salts
//! of its commitments come. Both are made once; whoever loses the secret cannot reveal what it committed to.

use std::path::Path;

use anyhow::Context;
use lyceum_agent::Hash32;
use lyceum_net::Identity;
use zeroize::Zeroizing;

use crate::failure::{Failure, Refusal};
use crate::wallet::write_private;

/// The peer key in a node's folder, made if there is none.
pub fn peer(folder: &Path) -> anyhow::Result<Identity> {
    Ok(Identity::load_or_create(&folder.join("peer.key"))?)
}

/// The secret in a node's folder, made if there is none: 64 hex characters.
pub fn secret(folder: &Path) -> anyhow::Result<Hash32> {
    let path = folder.join("node.secret");
    if !path.exists() {
        let mut bytes = Zeroizing::new([0; 32]);
        let read = std::fs::File::open("/dev/urandom")
            .and_then(|mut f| std::io::Read::read_exact(&mut f, &mut *bytes));
        read.context("the system gives no randomness")?;
        let text = Zeroizing::new(format!("{}\n", Hash32(*bytes)));
        write_private(&path, text.as_bytes())?;
    }
    let text = std::fs::read_to_string(&path).map(Zeroizing::new);
    let text = text.with_context(|| format!("cannot read {}", path.display()))?;
    text.trim_end().parse::<Hash32>().map_err(|_| {
        let words = format!(
            "{} is not 64 hex characters: restore it from your backup; without it, what the node committed to \
             cannot be revealed",
            path.display()
        );
        Refusal::new(Failure::Input, "node.secret", words).into()
    })
}
