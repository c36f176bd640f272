"""The Wasm check refuses what a chain would refuse: python3 scripts/lib/test_check_wasm.py"""

import unittest

from check_wasm import EXPORTS, MAX_SIZE, Refused, check, inspect


def string(text):
    return bytes([len(text)]) + text.encode()


def section(number, items):
    body = leb(len(items)) + b"".join(items)
    return bytes([number]) + leb(len(body)) + body


def leb(value):
    out = b""
    while value > 0x7F:
        out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
    return out + bytes([value])


def module(code=b"\x0b", imports=(), exports=tuple(EXPORTS), memory=b"\x00\x11", extra=b"",
           kind=b"\x60\x00\x00", functions=1, variables=b"\x00"):
    body = variables + code
    return b"".join([
        b"\0asm\1\0\0\0",
        section(1, [kind]),
        section(2, [string("env") + string(name) + b"\x00\x00" for name in imports]),
        section(3, [b"\x00"] * functions),
        section(5, [memory]),
        section(7, [string(name) + b"\x00\x00" for name in exports]),
        section(10, [leb(len(body)) + body] * functions),
        extra,
    ])


class CheckWasm(unittest.TestCase):
    def refused(self, reason, data, name="nodes"):
        with self.assertRaisesRegex(Refused, reason):
            check(name, data)

    def test_a_plain_module_is_accepted(self):
        check("nodes", module(b"\x41\x00\x28\x02\x00\x1a\x44" + bytes(8) + b"\x1a\x0e\x01\x00\x00\x0b", ["db_read"]))

    def test_newer_opcodes_are_refused(self):
        self.refused("bulk memory", module(b"\xfc\x0a\x00\x00\x0b"))
        self.refused("reference types", module(b"\xd0\x70\x0b"))
        self.refused("unknown", module(b"\xc5\x0b"))
        self.refused("SIMD", module(b"\xfd\x0b"))
        self.refused("several values", module(b"\x02\x01\x0b\x0b"))
        self.refused("section 12", module(extra=b"\x0c\x01\x00"))

    def test_sign_extension_is_accepted(self):
        check("nodes", module(b"\x41\x00\xc0\xc1\x1a\x0b"))

    def test_an_opcode_inside_a_constant_is_not_mistaken_for_one(self):
        check("nodes", module(b"\x44" + b"\xfc" * 8 + b"\x1a\x41\xfc\x00\x1a\x0b"))

    def test_imports_are_those_of_the_vm_and_tasks_needs_bls(self):
        self.refused("not allowed: env.clock", module(imports=["clock"]))
        self.refused("lacks the imports env.bls12_381_pairing_equality", module(), name="tasks")
        check("tasks", module(imports=["bls12_381_pairing_equality"]))

    def test_a_missing_export_and_a_new_capability_are_refused(self):
        self.refused("lacks the exports query", module(exports=EXPORTS - {"query"}))
        self.refused("requires_cosmwasm_3_0", module(exports=[*EXPORTS, "requires_cosmwasm_3_0"]))
        check("nodes", module(exports=[*EXPORTS, "requires_cosmwasm_2_1"]))

    def test_size_and_memory_are_bounded(self):
        self.refused("bytes, 409600 are", module() + bytes(MAX_SIZE))
        self.refused("memory of 513 pages", module(memory=b"\x00\x81\x04"))
        self.refused("no maximum", module(memory=b"\x01\x11\x12"))

    def test_what_the_vm_counts_is_bounded(self):
        five = b"\x60\x05" + b"\x7f" * 5 + b"\x00"
        check("nodes", module(kind=five, functions=2000))
        self.refused("10005 parameters of all functions", module(kind=five, functions=2001))
        self.refused("101 parameters of one", module(kind=b"\x60\x65" + b"\x7f" * 101 + b"\x00"))
        self.refused("2 results", module(kind=b"\x60\x00\x02\x7f\x7f"))
        self.refused("20001 functions", module(functions=20_001))
        self.refused("101 locals of one", module(variables=b"\x02\x64\x7f\x01\x7e"))
        self.refused("10100 locals of all", module(variables=b"\x01\x64\x7f", functions=101))
        self.refused("a table|entries", module().replace(section(5, [b"\x00\x11"]), section(4, [b"\x70\x00\xc5\x13"])))
        self.assertEqual(inspect(module(kind=five, functions=3, variables=b"\x01\x02\x7f"))[2], "15 parameters, 6 locals")

    def test_a_file_cut_anywhere_is_refused(self):
        whole = module(imports=["db_read"])
        for length in range(len(whole)):
            with self.assertRaises(Refused):
                check("nodes", whole[:length])


if __name__ == "__main__":
    unittest.main()
