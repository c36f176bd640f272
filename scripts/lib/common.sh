# shellcheck shell=bash
# What every script here shares. Sourced, never run.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# All that the scripts bring and is not cargo's own; used by the scripts that source this.
# shellcheck disable=SC2034
lyceum=$root/.lyceum

say() { printf '%s\n' "$*" >&2; }
die() {
    say "error: $*"
    exit 1
}

# The pinned toolchain also when a script is called from a folder whose own pin is another one.
RUSTUP_TOOLCHAIN=$(sed -n 's/^channel = "\(.*\)"/\1/p' "$root/rust-toolchain.toml")
export RUSTUP_TOOLCHAIN
# Binaries find libtorch by their place under target/, and flags of the shell would replace the
# project's own in .cargo/config.toml.
export CARGO_TARGET_DIR=$root/target
unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS LIBTORCH

# Cargo reads .cargo/config.toml of the folder it is started in.
in_root() { (cd "$root" && "$@"); }

# The program as users have it: the last crates and the linking are silent.
build_release() { in_root heartbeat "building lyceum" cargo build --locked --release --package lyceum; }

# The comment at the top of a script is its --help.
usage() { sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0"; }

# new_node PROGRAM: whether it is a Node.js of version 20 or newer.
new_node() {
    local version
    version=$("$1" --version 2>/dev/null | sed -n 's/^v\([0-9]*\).*/\1/p') || true
    ((${version:-0} >= 20))
}

# has_node: whether there is a Node.js that the TypeScript clients can be built and tested with.
has_node() { new_node node && command -v npm >/dev/null; }

# heartbeat WHAT COMMAND...: runs COMMAND, and says every half minute that it goes on. COMMAND is no function of a
# script, because an error inside it would not end it here.
heartbeat_seconds=30
heartbeat() {
    local what=$1 started=$SECONDS status=0 alive
    shift
    # The beat ends when nobody holds the other end of its pipe any more, so also when this script is killed.
    exec {alive}> >(
        while read -rt "$heartbeat_seconds" || (($? > 128)); do
            say "... still $what: $((SECONDS - started)) s"
        done
    )
    "$@" {alive}>&- || status=$?
    exec {alive}>&-
    return "$status"
}
