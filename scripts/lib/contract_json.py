#!/usr/bin/env python3
"""Prepare what contracts are compiled with in place of serde_json: its own source with packages/json as reader and writer.

usage: contract_json.py CHECKOUT SERDE_JSON OUT

SERDE_JSON is the crate's folder in cargo's registry (verified by cargo against Cargo.lock). OUT gets `serde_json`, a
copy whose `from_slice` and `to_vec` are those of lyceum-json, and `Cargo.lock`, the checkout's own with
that one package taken from the copy. Why: docs/decisions/contracts-to-wasm.md
"""

import sys
from pathlib import Path


OURS = "\npub use lyceum_json::{from_slice, to_vec};\n"


def replaced(text, old, new):
    """`text` with the one `old` replaced."""
    if text.count(old) != 1:
        sys.exit(f"contract_json.py: expected once, found {text.count(old)} times: {old!r}. serde_json or Cargo.lock has changed")
    return text.replace(old, new)


def write(path, text):
    """Writes only what differs, so that cargo compiles only what changed."""
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    checkout, source, out = map(Path, sys.argv[1:])
    copy = out / "serde_json"
    for file in [*source.glob("src/**/*.rs"), source / "build.rs"]:
        target = copy / file.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.name != "lib.rs":
            write(target, file.read_text())
    library = (source / "src/lib.rs").read_text()
    library = replaced(library, "pub use crate::de::{from_slice, from_str,", "pub use crate::de::{from_str,")
    library = replaced(library, "pub use crate::ser::{to_string, to_string_pretty, to_vec, to_vec_pretty};",
                       "pub use crate::ser::{to_string, to_string_pretty, to_vec_pretty};")
    write(copy / "src/lib.rs", library + OURS)
    manifest = (source / "Cargo.toml").read_text()
    manifest += f'\n[dependencies.lyceum-json]\npath = "{checkout / "packages/json"}"\n'
    write(copy / "Cargo.toml", manifest)

    blocks = (checkout / "Cargo.lock").read_text().split("\n\n")
    (at,) = [i for i, block in enumerate(blocks) if '\nname = "serde_json"\n' in block]
    lines = [line for line in blocks[at].split("\n") if not line.startswith(("source = ", "checksum = "))]
    blocks[at] = replaced("\n".join(lines), ' "itoa",\n', ' "itoa",\n "lyceum-json",\n')
    write(out / "Cargo.lock", "\n\n".join(blocks))


if __name__ == "__main__":
    main()
