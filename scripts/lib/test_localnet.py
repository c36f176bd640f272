"""Local chains' pure parts, and that only own processes are ever stopped: python3 scripts/lib/test_localnet.py"""

import base64
import contextlib
import hashlib
import io
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import localnet
import localnet_build
import localnet_genesis
import localnet_network
from localnet_process import BoundedLog, Node, alive, identify, parse_stat, read_json, send, stop, write_json


class Settings(unittest.TestCase):
    TEXT = '# head\nmoniker = "v0"\n[rpc]\nladdr = "a"\n[p2p]\nladdr = "b"\npex = true\n'

    def test_a_setting_is_replaced_in_its_own_section_only(self):
        text = localnet_genesis.set_toml(self.TEXT, {"p2p.laddr": "c", "p2p.pex": False, "moniker": "x"})
        self.assertEqual(text, '# head\nmoniker = "x"\n[rpc]\nladdr = "a"\n[p2p]\nladdr = "c"\npex = false\n')

    def test_a_setting_that_wasmd_does_not_have_is_an_error(self):
        with self.assertRaisesRegex(localnet_genesis.Failed, "rpc.pex"):
            localnet_genesis.set_toml(self.TEXT, {"rpc.pex": False})

    def test_a_state_that_is_none_is_refused_with_its_name(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "state.json"
            for text in ("", "[]", '{"accounts": []}', '{"height": 1, "accounts": [{}], "wasm": {}}',
                         '{"height": 1, "accounts": [], "wasm": {"params": {}}}',
                         '{"height": "high", "accounts": [], "wasm": {}}'):
                path.write_text(text)
                with self.assertRaisesRegex(localnet_genesis.Failed, "state.json"):
                    localnet_genesis.read_state(path)
            path.write_text('{"height": 9, "accounts": [{"address": "a", "ulyc": "7"}], "wasm": {"codes": []}}')
            height, accounts, contracts = localnet_genesis.read_state(path)
            self.assertEqual(height, 9)
            self.assertEqual(accounts, [{"address": "a", "coins": [{"denom": "ulyc", "amount": "7"}]}])
            self.assertEqual(contracts, {"codes": []})

    def test_a_node_id_is_comets(self):
        key = "y1C0wRU0EN9k2UyhO6CV2k/lGyZR+eX9hZIJQCAq5wxCKFbPlnuMj8Xh+UO4ckT3Mkg9ExMQH6DG2nBjlRqxIA=="
        want = hashlib.sha256(base64.b64decode(key)[32:]).digest()[:20].hex()
        self.assertEqual(localnet_genesis.node_id({"priv_key": {"value": key}}), want)

    def test_free_ports_are_different_and_free(self):
        ports = localnet_genesis.free_ports(20)
        self.assertEqual(len(set(ports)), 20)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", ports[0]))


class Go(unittest.TestCase):
    def test_versions_are_read_from_what_go_says(self):
        for text, version in [("go version go1.26.8 linux/amd64", (1, 26)), ("go version go1.9 linux/amd64", (1, 9)),
                              ("go version devel", None), ("", None)]:
            self.assertEqual(localnet_build.go_version(text), version)

    def test_a_long_build_is_seen_to_go_on_and_its_exit_code_is_kept(self):
        with tempfile.TemporaryDirectory() as folder:
            there = Path(folder) / "pipe"
            os.mkfifo(there)
            beats = []

            def heard(text):
                beats.append(text)
                if len(beats) == 2:
                    there.open("w").close()  # the command ends when it was told of twice

            before, localnet_build.say = localnet_build.say, heard
            try:
                command = [sys.executable, "-c", f"import sys; open({str(there)!r}).read(); sys.exit(7)"]
                code = localnet_build.run_telling("building it", command, folder, os.environ, every=0.01)
            finally:
                localnet_build.say = before
        self.assertEqual(code, 7)
        self.assertRegex(beats[1], r"^\.\.\. still building it: \d+ s$")

    def test_a_machine_without_go_is_told_the_package(self):
        path = os.environ["PATH"]
        try:
            os.environ["PATH"] = "/nonexistent"
            with self.assertRaisesRegex(localnet_build.NoGo, "Debian package golang"):
                localnet_build.check_go()
        finally:
            os.environ["PATH"] = path


class Processes(unittest.TestCase):
    def sleeper(self, *words):
        process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", *words])
        self.addCleanup(lambda: (process.kill(), process.wait()))
        return process

    def test_a_name_with_brackets_and_spaces_is_read_over(self):
        fields = " ".join(str(number) for number in range(4, 40))
        self.assertEqual(parse_stat(f"7 (a) b) S {fields}"), ("S", 22))

    def test_a_process_is_told_from_a_later_one_of_its_pid(self):
        process = self.sleeper()
        own = identify(process.pid)
        self.assertTrue(alive(own))
        self.assertFalse(alive({**own, "started": own["started"] - 1}))
        self.assertFalse(alive({**own, "boot": "another"}))
        self.assertFalse(alive(None))

    def test_a_process_with_another_command_line_is_not_signalled(self):
        process = self.sleeper("mine")
        self.assertFalse(send(identify(process.pid), "another", signal.SIGKILL))
        self.assertIsNone(process.poll())
        self.assertTrue(send(identify(process.pid), "mine", signal.SIGKILL))
        process.wait()
        self.assertFalse(send(identify(process.pid), "mine", signal.SIGKILL))

    def test_a_foreign_process_in_the_record_is_left_alone(self):
        process = self.sleeper()
        with tempfile.TemporaryDirectory() as folder:
            node = Node(folder)
            write_json(node.record, {"keeper": identify(process.pid), "node": identify(process.pid)})
            self.assertFalse(stop([node]))
            self.assertIsNone(process.poll())

    def started(self, folder, owner=None):
        node = Node(folder)
        script = "import sys, time; print('ready', flush=True); time.sleep(600)"
        node.start([sys.executable, "-c", script, str(node.home)], dict(os.environ), owner)
        self.addCleanup(stop, [node])
        return node

    def wait_until(self, what):
        for _ in range(1000):
            if what():
                return
            signal.sigtimedwait([], 0.02)
        self.fail("did not happen within 20 s")

    def test_a_node_is_kept_and_ended(self):
        with tempfile.TemporaryDirectory() as folder:
            node = self.started(folder)
            self.assertTrue(all(node.processes()))
            self.wait_until(lambda: "ready" in node.log.read_text())
            self.assertTrue(stop([node]))
            self.assertEqual(node.processes(), (None, None))
            self.assertFalse(node.record.exists())
            self.assertIn("-- ended with signal 15", node.log.read_text())

    def test_a_node_ends_with_its_owner_and_its_keeper(self):
        for ends in ("owner", "keeper"):
            with tempfile.TemporaryDirectory() as folder:
                owner = self.sleeper()
                node = self.started(folder, identify(owner.pid))
                if ends == "owner":
                    owner.kill()
                    owner.wait()
                else:
                    node.signal_keeper(signal.SIGKILL)
                self.wait_until(lambda: node.processes() == (None, None))

    def test_a_node_ends_when_its_folder_is_removed(self):
        folder = tempfile.mkdtemp()
        node = self.started(folder)
        keeper, child = node.processes()
        shutil.rmtree(folder)
        self.wait_until(lambda: not alive(keeper) and not alive(child))

    def test_a_killed_node_can_be_started_again(self):
        with tempfile.TemporaryDirectory() as folder:
            node = self.started(folder)
            stop([node], signal.SIGKILL)
            self.assertEqual(node.processes(), (None, None))
            self.assertTrue(all(self.started(folder).processes()))
            stop([node])

    def test_a_log_is_bounded(self):
        with tempfile.TemporaryDirectory() as folder:
            log = BoundedLog(Path(folder) / "log", limit=100)
            for _ in range(50):
                log.write(b"0123456789")
            log.file.close()
            sizes = {path.name: path.stat().st_size for path in Path(folder).iterdir()}
            self.assertEqual(sizes, {"log": 100, "log.1": 100})


class Command(unittest.TestCase):
    def run_quietly(self, *words):
        before, sys.argv = sys.argv, ["localnet.py", *words]
        out, err = io.StringIO(), io.StringIO()
        handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                try:
                    code = localnet.main()
                except SystemExit as ended:
                    code = ended.code
        finally:
            sys.argv = before
            for number, handler in handlers.items():
                signal.signal(number, handler)
        return code, out.getvalue() + err.getvalue()

    def test_wrong_arguments_say_what_is_right(self):
        for words, said in [(["up", "--chains", "3"], "from 1 to 2"), (["up", "--validators", "0"], "from 1 to 16"),
                            (["up", "--block-time", "soon"], "soon"), (["sideways"], "status")]:
            code, text = self.run_quietly(*words)
            self.assertEqual(code, 2)
            self.assertIn(said, text)

    def test_what_was_never_started_is_not_up_and_has_no_nodes(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(self.run_quietly("down", "--root", folder)[0], 0)
            self.assertEqual(self.run_quietly("status", "--root", folder)[0], 1)
            code, text = self.run_quietly("stop", "0", "--root", folder)
            self.assertEqual(code, 1)
            self.assertIn("nothing was started here", text)
            for word in ("rpc", "words"):
                code, text = self.run_quietly(word, "--root", folder)
                self.assertEqual(code, 1)
                self.assertIn("nothing is up", text)

    def test_one_value_of_what_is_up_is_printed_alone(self):
        with tempfile.TemporaryDirectory() as folder:
            net = localnet_network.Network(folder)
            chain = {"chain_id": "lyceum-1", "ports": [{"rpc": 7, "grpc": 8, "rest": 9}]}
            state = {"chains": [chain], "validators": 1, "block_ms": 1000, "faucet": {"address": "a", "mnemonic": "two words"}}
            write_json(net.state_file, state)
            write_json(net.file, {})
            self.assertEqual(self.run_quietly("rpc", "--root", folder), (0, "http://127.0.0.1:7\n"))
            self.assertEqual(self.run_quietly("words", "--root", folder), (0, "two words\n"))

    def test_folders_that_are_not_ours_are_never_removed(self):
        with tempfile.TemporaryDirectory() as folder:
            kept = Path(folder) / "lyceum-1" / "photos"
            kept.mkdir(parents=True)
            net = localnet_network.Network(folder)
            asked = {"chains_count": 1, "validators": 1, "block_ms": 1000, "state": None}
            with self.assertRaisesRegex(localnet_genesis.Failed, "not of a network"):
                localnet_network.make_fresh(net, asked)
            self.assertTrue(kept.exists())
            self.assertIsNone(read_json(net.state_file))


if __name__ == "__main__":
    unittest.main()
