#!/usr/bin/env python3
"""Empty the functions of a Wasm file that no contract runs but every contract links.

usage: snip_wasm.py IN.wasm OUT.wasm

cosmwasm-std gives each of its errors a disabled backtrace. Printing one is code for symbol names (a tenth of a small
contract) which nothing calls except through a table. Their bodies become `unreachable`; the optimiser then takes away
what only they called. The file must still hold its functions' names. Why: docs/decisions/contracts-to-wasm.md
"""

import re
import sys
from pathlib import Path

from check_wasm import Reader, Refused, sections

# `<std::backtrace::Backtrace as Display>::fmt`, `as Debug`, and the three of `<rustc_demangle::Demangle as Display>`, in
# the v0 mangling. Nothing that merely shares a word with them: one name may stand for several functions of the same code.
SNIPPED = re.compile(
    r"^_RNvX(s\w*_)?(NtCs\w+_3std9backtraceNtB\w_9Backtrace|(Nt)?Cs\w+_14rustc_demangle(2v0|6legacy)?NtB\w_8Demangle)"
    r"NtNtCs\w+_4core3fmt(7Display|5Debug)3fmt$"
)
EXPECTED = 5
STOPS = b"\x00\x00\x0b"  # no locals, `unreachable`, `end`


def leb(value):
    out = b""
    while value > 0x7F:
        out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
    return out + bytes([value])


def names_of(body):
    """Function index → name, from the section called `name`."""
    while body.rest():
        kind, part = body.byte(), Reader(body.take(body.number()))
        if kind == 1:
            return {part.number(): part.name() for _ in range(part.number())}
    return {}


def snip(data):
    """The file without those bodies, and how many there were."""
    imports, names = 0, {}
    for section, body in sections(data):
        if section == 2:
            for _ in range(body.number()):
                body.name(), body.name(), body.byte(), body.number()
                imports += 1
        elif section == 0 and body.name() == "name":
            names = names_of(body)
    if not names:
        raise Refused("functions without names: link with strip = false")
    out, count = data[:8], 0
    for section, body in sections(data):
        content = body.data
        if section == 10:
            bodies = []
            for index in range(body.number()):
                code = body.take(body.number())
                if SNIPPED.match(names.get(imports + index, "")):
                    code, count = STOPS, count + 1
                bodies.append(leb(len(code)) + code)
            content = leb(len(bodies)) + b"".join(bodies)
        out += bytes([section]) + leb(len(content)) + content
    return out, count


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    out, count = snip(Path(sys.argv[1]).read_bytes())
    if count != EXPECTED:
        raise Refused(f"{sys.argv[1]} links {count} printers of backtraces, expected {EXPECTED}: look at SNIPPED")
    Path(sys.argv[2]).write_bytes(out)


if __name__ == "__main__":
    try:
        main()
    except (Refused, OSError) as error:
        sys.exit(f"snip_wasm.py: {error}")
