"""What the shell scripts promise, what CI begins with, links of documents: python3 scripts/lib/test_scripts.py"""

import json
import os
import re
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


class Release(unittest.TestCase):
    """scripts/release in a checkout of one commit, where what builds only leaves files."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name) / "checkout"
        programs = Path(folder.name) / "bin"
        for made in (self.root / "scripts" / "lib", self.root / "oracle" / "cli", self.root / "contracts" / "tasks",
                     self.root / "artifacts", programs):
            made.mkdir(parents=True)
        for copied in ("scripts/release", "scripts/lib/common.sh", "rust-toolchain.toml", ".gitignore"):
            shutil.copy(ROOT / copied, self.root / copied)
        (self.root / "Cargo.toml").write_text('[workspace.package]\nversion = "1.2.3"\n')
        (self.root / "CHANGELOG.md").write_text("## [1.2.3] - 2026-01-01\n")
        (self.root / "artifacts" / "checksums.txt").write_text("sums\n")
        for crate in ("oracle/cli", "contracts/tasks"):
            (self.root / crate / "Cargo.toml").touch()
        program(self.root / "scripts", "setup", "")
        program(self.root / "scripts", "build-contracts", "echo wasm >artifacts/tasks.wasm")
        cyclonedx = self.root / ".lyceum" / "cyclonedx-0.5.9" / "bin"
        cyclonedx.mkdir(parents=True)
        program(cyclonedx, "cargo-cyclonedx", """for name; do :; done
            for crate in oracle/cli contracts/tasks; do echo "$PWD/$crate $*" >"$crate/$name.json"; done""")
        self.path = program(programs, "cargo", "mkdir -p target/release && echo elf >target/release/lyceum")
        self.git("init", "--quiet")
        self.commit()

    def git(self, *words):
        return subprocess.run(["git", "-c", "user.name=Test", "-c", "user.email=test@example.com", *words],
                              cwd=self.root, check=True, capture_output=True, text=True).stdout

    def commit(self):
        self.git("add", ".")
        self.git("commit", "--quiet", "--allow-empty", "--message", "a commit")

    def release(self, *words):
        return subprocess.run([self.root / "scripts" / "release", *words], capture_output=True, text=True,
                              env={**os.environ, "PATH": self.path})

    def assert_refused(self, words, said):
        done = self.release(*words)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn(said, done.stderr)
        self.assertFalse((self.root / "dist").exists() or (self.root / "target").exists(), "something was built")

    def test_arguments_are_one_tag_of_the_workspaces_version(self):
        self.assert_refused([], "expected a tag")
        self.assert_refused(["v1.2.3", "v1.2.4"], "expected one tag")
        self.assert_refused(["--dry-run"], "unknown option '--dry-run'")
        self.assert_refused(["v1.2.4"], "expected v1.2.3")
        self.assert_refused(["1.2.3"], "expected v1.2.3")
        self.assertIn("usage: scripts/release TAG", self.release("--help").stdout)

    def test_the_tag_must_be_there_and_checked_out(self):
        self.assert_refused(["v1.2.3"], "there is no tag v1.2.3")
        self.git("tag", "v1.2.3")
        self.commit()
        self.assert_refused(["v1.2.3"], "v1.2.3 is not the commit that is checked out")

    def test_changes_and_files_that_are_not_committed_are_refused_by_name(self):
        self.git("tag", "v1.2.3")
        (self.root / "new.txt").touch()
        self.assert_refused(["v1.2.3"], "?? new.txt")
        (self.root / "new.txt").unlink()
        (self.root / "Cargo.toml").write_text("# changed\n" + (self.root / "Cargo.toml").read_text())
        self.assert_refused(["v1.2.3"], " M Cargo.toml")

    def test_a_version_that_the_changelog_does_not_have_is_refused(self):
        (self.root / "CHANGELOG.md").write_text("## [Unreleased]\n")
        self.commit()
        self.git("tag", "v1.2.3")
        self.assert_refused(["v1.2.3"], "CHANGELOG.md has no section [1.2.3]")

    def test_dist_has_everything_with_checksums_and_no_path_of_this_machine(self):
        self.git("tag", "--annotate", "--message", "a release", "v1.2.3")
        done = self.release("v1.2.3")
        self.assertEqual(done.returncode, 0, done.stderr)
        dist = self.root / "dist"
        self.assertEqual(sorted(path.name for path in dist.iterdir()), [
            "SHA256SUMS", "checksums.txt", "lyceum-1.2.3-x86_64-linux", "lyceum.cdx.json", "tasks.cdx.json",
            "tasks.wasm"])
        subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=dist, check=True)
        self.assertEqual(len((dist / "SHA256SUMS").read_text().splitlines()), 5)
        for name, crate, target in (("lyceum", "oracle/cli", "x86_64"), ("tasks", "contracts/tasks", "wasm32")):
            listed = (dist / f"{name}.cdx.json").read_text()
            self.assertTrue(listed.startswith(f"/lyceum/{crate} "), listed)
            self.assertIn(f"--target {target}-unknown-", listed)
        self.assertEqual(self.git("status", "--porcelain"), "")


class Documents(unittest.TestCase):
    """Links between the documents, and from them to files."""

    def anchors(self, path):
        """The headings of a document as GitHub names them."""
        headings = re.findall(r"^#+ (.*)$", path.read_text(), re.M)
        return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}

    def test_every_link_leads_to_a_file_and_to_a_heading(self):
        broken = []
        for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / ".github").rglob("*.md")]:
            for link in re.findall(r"\]\(([^)\s]+)\)", path.read_text()):
                place, _, anchor = link.partition("#")
                target = (path.parent / place).resolve() if place else path
                if link.startswith(("http://", "https://")):
                    continue
                if not target.exists() or anchor and anchor not in self.anchors(target):
                    broken.append(f"{path.relative_to(ROOT)}: {link}")
        self.assertEqual(broken, [])


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
