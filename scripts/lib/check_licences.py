#!/usr/bin/env python3
"""Check every dependency's licence and source against deny.toml, without cargo-deny.

usage: check_licences.py    (in the root of the checkout)

Each crate that is built on any platform must offer a licence of `[licenses] allow` and come from
crates.io or from this checkout. (Cargo.lock also lists what only unused features would bring.) What this does not do is to look for advisories: `cargo deny check` does.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

CRATES_IO = "registry+https://github.com/rust-lang/crates.io-index"


def allowed_licences(text):
    """The list `allow` of deny.toml; python 3.9 has no TOML reader."""
    found = re.search(r"^\[licenses\]\s.*?^allow = \[(.*?)\]", text, re.M | re.S)
    if not found:
        sys.exit("error: deny.toml has no list `allow` under [licenses]")
    return set(re.findall(r'"([^"]+)"', re.sub(r"#.*", "", found.group(1))))


def satisfied(expression, allowed):
    """Whether an SPDX expression can be met with allowed licences alone. OR binds weaker than AND."""
    tokens = re.findall(r"[()]|[^\s()]+", expression.replace("/", " OR "))

    def alternatives():
        met = conjunction()
        while tokens and tokens[0] == "OR":
            tokens.pop(0)
            met = conjunction() or met
        return met

    def conjunction():
        met = single()
        while tokens and tokens[0] == "AND":
            tokens.pop(0)
            met = single() and met
        return met

    def single():
        token = tokens.pop(0)
        if token == "(":
            met = alternatives()
            tokens.pop(0)
            return met
        if tokens and tokens[0] == "WITH":
            token = f"{token} WITH {tokens[1]}"
            del tokens[:2]
        return token in allowed

    return bool(tokens) and alternatives() and not tokens


def built():
    """`name version` of every crate that some target of the workspace is built from."""
    tree = subprocess.run(
        ["cargo", "tree", "--locked", "--workspace", "--target", "all", "--edges", "all", "--prefix", "none",
         "--format", "{p}"],
        check=True, stdout=subprocess.PIPE, text=True).stdout
    return {" ".join(line.split()[:2]).replace(" v", " ") for line in tree.splitlines() if line.strip()}


def main():
    if len(sys.argv) > 1:
        sys.exit(__doc__)
    allowed = allowed_licences(Path("deny.toml").read_text())
    metadata = subprocess.run(
        ["cargo", "metadata", "--locked", "--format-version", "1"], check=True, stdout=subprocess.PIPE)
    used = built()
    packages = [p for p in json.loads(metadata.stdout)["packages"] if f"{p['name']} {p['version']}" in used]
    wrong = []
    for package in packages:
        name = f"{package['name']} {package['version']}"
        if package["source"] not in (None, CRATES_IO):
            wrong.append(f"{name} comes from {package['source']}")
        if not satisfied(package["license"] or "", allowed):
            wrong.append(f"{name} has the licence {package['license']!r}")
    for line in wrong:
        print(f"not allowed by deny.toml: {line}", file=sys.stderr)
    if wrong:
        sys.exit(1)
    print(f"{len(packages)} crates, licences and sources as deny.toml allows")


if __name__ == "__main__":
    main()
