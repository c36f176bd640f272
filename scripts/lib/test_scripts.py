"""What the shell scripts share, what CI begins with, what a script says of itself: python3 scripts/lib/test_scripts.py"""

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
