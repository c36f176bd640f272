"""What the shell scripts share, what CI begins with, what a script says of itself: python3 scripts/lib/test_scripts.py"""

import json
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def program(folder, name, text):
    """A program of the test's own, first in the PATH that it returns."""
    path = Path(folder) / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


def shell(text, **environment):
    """Runs lines of bash that have sourced common.sh."""
    lines = f"set -euo pipefail\nsource '{ROOT}/scripts/lib/common.sh'\n{text}"
    return subprocess.run(["bash", "-c", lines], capture_output=True, text=True, env={**os.environ, **environment})


class Node(unittest.TestCase):
    def test_version_20_and_newer_will_do(self):
        for said, will_do in [("echo v20.20.2", True), ("echo v24.1.0", True), ("echo v18.19.0", False),
                              ("echo unknown", False), ("exit 1", False)]:
            with tempfile.TemporaryDirectory() as folder:
                path = program(folder, "node", said)
                self.assertEqual(shell("new_node node", PATH=path).returncode == 0, will_do, said)

    def test_a_program_that_is_not_there_will_not_do_and_prints_nothing(self):
        done = shell("new_node /nonexistent/node || exit 9")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (9, "", ""))


class Heartbeat(unittest.TestCase):
    def test_a_command_keeps_its_exit_code_and_its_output(self):
        done = shell("heartbeat 'counting' sh -c 'echo out; exit 7'")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (7, "out\n", ""))

    def test_a_silent_command_is_seen_to_go_on(self):
        # The command ends when the beat has been heard.
        done = shell("""
            pipe=$(mktemp -u) && mkfifo "$pipe"
            say() { printf '%s\\n' "$*" 1<>"$pipe"; }
            heartbeat_seconds=0.01
            heartbeat "counting" head -n 1 "$pipe"
            rm "$pipe" """)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"^\.\.\. still counting: \d+ s\n$")


class Demo(unittest.TestCase):
    def demo(self, *words):
        with tempfile.TemporaryDirectory() as folder:
            marker = Path(folder) / "called"
            for name in ("cargo", "rustup", "curl", "go", "nvidia-smi"):
                path = program(folder, name, f"echo {name} >>'{marker}'; exit 1")
            done = subprocess.run([ROOT / "scripts" / "demo", *words], capture_output=True, text=True,
                                  env={**os.environ, "PATH": path})
            self.assertFalse(marker.exists(), marker.exists() and marker.read_text())
            return done

    def test_help_builds_nothing(self):
        for words in (["--help"], ["-h"], ["--chain", "wasmd", "--help"]):
            done = self.demo(*words)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("--data PATH", done.stdout)

    def test_an_unknown_option_is_refused_before_anything_is_built(self):
        for word in ("--stepz", "--stepz=4", "--vali"):
            done = self.demo(word)
            self.assertEqual(done.returncode, 1)
            self.assertIn(f"unknown option '{word}'", done.stderr)


class WholeAndFast(unittest.TestCase):
    """scripts/test in a checkout where everything that it calls only says that it was called."""

    def called(self, *words, **environment):
        with tempfile.TemporaryDirectory() as folder:
            root, programs, log = Path(folder) / "checkout", Path(folder) / "bin", Path(folder) / "log"
            for made in (root / "scripts" / "lib", root / ".ci", programs):
                made.mkdir(parents=True)
            for copied in ("scripts/test", "scripts/lib/common.sh", "rust-toolchain.toml", ".ci/run"):
                shutil.copy(ROOT / copied, root / copied)
            for name in ("setup", "build-contracts", "localnet"):
                program(root / "scripts", name, f"echo {name} $@ >>'{log}'")
            for name in ("python3", "shellcheck", "cargo-deny", "go", "npm"):
                program(programs, name, "")
            program(programs, "node", "echo v24.0.0")
            path = program(programs, "cargo", f"""echo cargo "real_chain=${{LYCEUM_REAL_CHAIN-}}" $@ >>'{log}'
                case $* in *" --lib "*) echo "test result: ok. 3 passed; 0 failed;" ;; esac""")
            done = subprocess.run([root / "scripts" / "test", *words], capture_output=True, text=True,
                                  env={**os.environ, "PATH": path, **environment})
            return done, log.read_text().splitlines() if log.exists() else []

    def test_help_and_unknown_arguments_build_nothing(self):
        for words, code, said in ((["--help"], 0, "--fast"), (["--fast", "-h"], 0, "--fast"),
                                  (["--fasst"], 1, "unknown argument '--fasst'"),
                                  (["--fast", "all"], 1, "unknown argument 'all'")):
            done, called = self.called(*words)
            self.assertEqual((done.returncode, called), (code, []), done.stderr)
            self.assertIn(said, done.stdout + done.stderr)

    def test_fast_asks_for_the_default_members_and_for_no_libtorch_and_no_chain(self):
        done, called = self.called("--fast", LYCEUM_REAL_CHAIN="1")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.splitlines()[-1], "3 passed, 0 failed")
        self.assertEqual([line.split(" ")[:3][-1] for line in called], ["--without-libtorch", "fmt", "clippy", "test"])
        for line in called[2:]:
            self.assertIn("real_chain= ", line)
            self.assertIn("--locked --features lyceum-chain/", line)
            self.assertNotIn("--workspace", line)

    def test_without_arguments_everything_is_checked(self):
        done, called = self.called(LYCEUM_REAL_CHAIN="")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(called[0], "setup")
        steps = [line.removeprefix("cargo real_chain= ").removeprefix("cargo real_chain=1 ") for line in called[1:]]
        self.assertEqual([" ".join(step.split(" ")[:2]) for step in steps], [
            "fmt --all", "deny --locked", "clippy --locked", "build-contracts --check", "localnet build",
            "test --locked", "test --locked", "fmt --manifest-path", "test --manifest-path", "doc --locked",
            "build --locked"])
        for step in (steps[2], steps[5], steps[6], steps[9]):
            self.assertIn("--workspace", step)
        self.assertTrue(called[6].startswith("cargo real_chain=1 test "))

    def test_the_default_members_are_all_crates_that_need_neither_libtorch_nor_a_chain(self):
        done = subprocess.run(["cargo", "metadata", "--no-deps", "--locked", "--format-version", "1"],
                              cwd=ROOT, capture_output=True, text=True, check=True)
        workspace = json.loads(done.stdout)
        names = {package["id"]: package["name"] for package in workspace["packages"]}
        needs = {package["name"]: {other["name"] for other in package["dependencies"] if not other["optional"]}
                 for package in workspace["packages"]}
        libtorch = {"tch"}
        while more := {name for name, others in needs.items() if others & libtorch} - libtorch:
            libtorch |= more
        self.assertIn("lyceum-learn", libtorch)
        self.assertEqual(sorted(names[member] for member in workspace["workspace_default_members"]),
                         sorted(set(names.values()) - libtorch - {"lyceum-tests-realchain"}))


class FromNothing(unittest.TestCase):
    """.ci/run, with a test command that looks around."""

    def test_caches_are_empty_settings_are_kept_and_nothing_is_left(self):
        with tempfile.TemporaryDirectory() as folder:
            root, home = Path(folder) / "checkout", Path(folder) / "cargo"
            for made in (root / ".ci", root / "scripts", home / "registry"):
                made.mkdir(parents=True)
            shutil.copy(ROOT / ".ci" / "run", root / ".ci" / "run")
            (home / "config.toml").write_text("# a registry of one's own\n")
            program(root / "scripts", "test", """
                for cache in "$CARGO_HOME" "$GOMODCACHE" "$GOCACHE" "$npm_config_cache" "$PIP_CACHE_DIR"; do
                    echo "$cache holds" $(ls -A "$cache")
                done
                cat "$CARGO_HOME/config.toml"
                # As Go leaves its modules.
                mkdir "$GOMODCACHE/module" && touch "$GOMODCACHE/module/file" && chmod 500 "$GOMODCACHE/module"
                echo "4 passed, 1 failed"
                exit 1""")
            done = subprocess.run([root / ".ci" / "run"], capture_output=True, text=True,
                                  env={**os.environ, "CARGO_HOME": str(home)})
            lines = done.stdout.splitlines()
            self.assertEqual([line.partition(" holds")[2].strip() for line in lines[:5]], ["config.toml", "", "", "", ""])
            self.assertEqual(lines[5:], ["# a registry of one's own", "4 passed, 1 failed"], done.stderr)
            self.assertEqual(done.returncode, 1)
            self.assertEqual(list((root / ".lyceum").iterdir()), [])
            self.assertTrue((home / "registry").exists())


if __name__ == "__main__":
    unittest.main()
