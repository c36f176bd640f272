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

# The comment at the top of a script is its --help.
usage() { sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0"; }

# has_node: whether there is a Node.js that the TypeScript clients can be built and tested with.
has_node() {
    local version
    version=$(node --version 2>/dev/null | sed -n 's/^v\([0-9]*\).*/\1/p') || true
    ((${version:-0} >= 20)) && command -v npm >/dev/null
}
