#!/usr/bin/env python3
"""Check that a contract's Wasm is what a chain with CosmWasm 2.1 or newer stores and runs.

usage: check_wasm.py FILE.wasm...

The limits are those of wasmd and of the VM's own check of new code.
"""

import sys
from pathlib import Path

# Ours: half of what wasmd stores (800 KiB, MaxWasmSize). Storing costs gas per byte, and an upgrade needs room.
MAX_SIZE = 400 * 1024
# The rest are cosmwasm-vm's defaults.
MAX_MEMORY_PAGES = 512
MAX_TABLE = 2500
MAX_IMPORTS = 100
MAX_FUNCTIONS = 20_000
MAX_PARAMETERS, MAX_ALL_PARAMETERS = 100, 10_000
MAX_LOCALS, MAX_ALL_LOCALS = 100, 10_000
EXPORTS = {"instantiate", "execute", "query", "interface_version_8", "allocate", "deallocate", "memory"}
# What the VM of CosmWasm 2.1 provides. All contracts import nearly all of it, used or not.
IMPORTS = {
    f"env.{name}"
    for name in "abort addr_canonicalize addr_humanize addr_validate bls12_381_aggregate_g1"
    " bls12_381_aggregate_g2 bls12_381_hash_to_g1 bls12_381_hash_to_g2 bls12_381_pairing_equality"
    " db_next db_next_key db_next_value db_read db_remove db_scan db_write debug ed25519_batch_verify"
    " ed25519_verify query_chain secp256k1_recover_pubkey secp256k1_verify secp256r1_recover_pubkey"
    " secp256r1_verify".split()
}
# Without the feature cosmwasm_2_1 the beacon's signatures are verified in native tests, but on a
# chain the Wasm, lacking this import, fails.
NEEDED = {"tasks": {"env.bls12_381_pairing_equality"}}
# Never cosmwasm_3_0: no released wasmd offers it.
CAPABILITIES = {
    f"requires_{name}"
    for name in "iterator staking stargate cosmwasm_1_1 cosmwasm_1_2 cosmwasm_1_3 cosmwasm_1_4"
    " cosmwasm_2_0 cosmwasm_2_1 cosmwasm_2_2".split()
}

# What follows each opcode of the first Wasm standard and of sign extension, which the VM takes too (its parsed_wasm.rs);
# any other opcode is refused.
PLAIN, BLOCK, INDEX, MEMARG, TABLE, ZERO, CALL, I32, I64, F32, F64 = range(11)
OPCODES = dict.fromkeys([0x00, 0x01, 0x05, 0x0B, 0x0F, 0x1A, 0x1B, *range(0x45, 0xC5)], PLAIN)
OPCODES.update(dict.fromkeys([0x02, 0x03, 0x04], BLOCK))
OPCODES.update(dict.fromkeys([0x0C, 0x0D, 0x10, *range(0x20, 0x25)], INDEX))
OPCODES.update(dict.fromkeys(range(0x28, 0x3F), MEMARG))
OPCODES.update({0x0E: TABLE, 0x11: CALL, 0x3F: ZERO, 0x40: ZERO, 0x41: I32, 0x42: I64, 0x43: F32, 0x44: F64})
LATER = {0xFC: "bulk memory or saturating conversions", 0xFD: "SIMD", 0xFE: "threads", 0x25: "reference types",
         0x26: "reference types", 0x1C: "reference types", 0xD0: "reference types", 0xD1: "reference types",
         0xD2: "reference types"}


class Refused(Exception):
    """Why a file is not accepted."""


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        if count > len(self.data) - self.at:
            raise Refused("the file is cut off")
        self.at += count
        return self.data[self.at - count:self.at]

    def byte(self):
        return self.take(1)[0]

    def number(self):
        """LEB128, at most 64 bits; the sign does not matter here."""
        value = 0
        for shift in range(0, 70, 7):
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise Refused("a number of more than 64 bits")

    def name(self):
        return self.take(self.number()).decode("utf-8", "replace")

    def limits(self):
        flags = self.byte()
        if flags > 1:
            raise Refused(f"limits with flags {flags:#x}: shared or 64-bit memory")
        return self.number(), self.number() if flags else None

    def rest(self):
        return self.at < len(self.data)


def instructions(code):
    """Walk one function's body (or an initialiser) and refuse opcodes that the VM does not take."""
    while code.rest():
        op = code.byte()
        kind = OPCODES.get(op)
        if kind is None:
            raise Refused(f"opcode {op:#04x}: {LATER.get(op, 'unknown')}")
        if kind in (INDEX, I32, I64):
            code.number()
        elif kind == MEMARG:
            code.number(), code.number()
        elif kind == BLOCK:
            block = code.byte()
            if block not in (0x40, 0x7F, 0x7E, 0x7D, 0x7C):
                raise Refused("a block with several values")
        elif kind == TABLE:
            for _ in range(code.number() + 1):
                code.number()
        elif kind in (ZERO, CALL):
            if kind == CALL:
                code.number()
            if code.byte() != 0:
                raise Refused("several tables or memories")
        elif kind in (F32, F64):
            code.take(4 if kind == F32 else 8)


def sections(data):
    module = Reader(data)
    if module.take(8) != b"\0asm\1\0\0\0":
        raise Refused("not a Wasm module")
    while module.rest():
        section = module.byte()
        yield section, Reader(module.take(module.number()))


def bounded(what, found, most):
    if found > most:
        raise Refused(f"{found} {what}, {most} are allowed")


def parameters(types):
    """How many parameters each function type of section 1 has."""
    counts = []
    for _ in range(types.number()):
        if types.byte() != 0x60:
            raise Refused("a type that is not a function")
        counts.append(len(types.take(types.number())))
        bounded("results of one function", len(types.take(types.number())), 1)
    bounded("parameters of one function", max(counts, default=0), MAX_PARAMETERS)
    return counts


def inspect(data):
    """(imports, exports, what fills the VM's bounds) of a module all of whose code the VM takes."""
    imports, exports, memories, types, declared, bodies = set(), set(), 0, [], [], 0
    all_locals = 0
    for section, body in sections(data):
        if section == 1:
            types = parameters(body)
        elif section == 2:
            for _ in range(body.number()):
                imports.add(f"{body.name()}.{body.name()}")
                if body.byte() != 0:
                    raise Refused("imports something that is not a function")
                body.number()
        elif section == 3:
            declared = [body.number() for _ in range(body.number())]
            if any(index >= len(types) for index in declared):
                raise Refused("a function of an unknown type")
        elif section == 4:
            for _ in range(body.number()):
                if body.byte() != 0x70:
                    raise Refused("a table of references")
                bounded("entries in a table", max(limit or 0 for limit in body.limits()), MAX_TABLE)
        elif section == 5:
            memories = body.number()
            for _ in range(memories):
                pages, most = body.limits()
                if pages > MAX_MEMORY_PAGES or most is not None:
                    raise Refused(f"memory of {pages} pages, at most {most}: {MAX_MEMORY_PAGES} and no maximum are allowed")
        elif section == 7:
            for _ in range(body.number()):
                exports.add(body.name())
                body.byte(), body.number()
        elif section == 8:
            raise Refused("a start function")
        elif section == 10:
            bodies = body.number()
            for _ in range(bodies):
                code = Reader(body.take(body.number()))
                own_locals = 0
                for _ in range(code.number()):
                    own_locals += code.number()
                    code.byte()
                bounded("locals of one function", own_locals, MAX_LOCALS)
                all_locals += own_locals
                instructions(code)
        elif section > 11:
            raise Refused(f"section {section}: bulk memory or newer")
    if len(declared) != bodies:
        raise Refused(f"{len(declared)} functions declared, {bodies} given")
    all_parameters = sum(types[index] for index in declared)
    bounded("imports", len(imports), MAX_IMPORTS)
    bounded("functions", bodies, MAX_FUNCTIONS)
    bounded("parameters of all functions", all_parameters, MAX_ALL_PARAMETERS)
    bounded("locals of all functions", all_locals, MAX_ALL_LOCALS)
    if memories != 1:
        raise Refused(f"{memories} memories, exactly one is needed")
    return imports, exports, f"{all_parameters} parameters, {all_locals} locals"


def check(name, data):
    """One line on an accepted file; Refused says why not."""
    bounded("bytes", len(data), MAX_SIZE)
    imports, exports, counts = inspect(data)
    capabilities = {export for export in exports if export.startswith("requires_")}
    for what, wrong in (
        ("lacks the exports", EXPORTS - exports),
        ("lacks the imports", NEEDED.get(name, set()) - imports),
        ("has imports that are not allowed:", imports - IMPORTS),
        ("requires capabilities that no chain is sure to offer:", capabilities - CAPABILITIES),
    ):
        if wrong:
            raise Refused(f"{what} {', '.join(sorted(wrong))}")
    newest = max((c for c in capabilities if "cosmwasm" in c), default="requires_nothing")
    size = f"{len(data) / 1024:.1f} KiB of {MAX_SIZE // 1024}"
    return f"{size}, {counts}, requires {newest[len('requires_'):]}"


def main():
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    refused = 0
    for path in map(Path, sys.argv[1:]):
        try:
            print(f"{path.name}: {check(path.stem, path.read_bytes())}")
        except (Refused, OSError) as error:
            print(f"{path.name}: refused: {error}", file=sys.stderr)
            refused += 1
    sys.exit(1 if refused else 0)


if __name__ == "__main__":
    main()
