"""Builds wasmd from scripts/lib/wasmd into .lyceum/bin, once for every state of go.mod and go.sum."""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODULE = ROOT / "scripts" / "lib" / "wasmd"
BIN = ROOT / ".lyceum" / "bin"
WASMD = BIN / "wasmd"
STAMP = BIN / ".wasmd-stamp"
FLAGS = ["-trimpath", "-tags", "netgo,ledger_off"]
OLDEST = (1, 26)


class NoGo(Exception):
    """Go is not there, or too old: the one thing that `up` can't bring itself."""


class BuildFailed(Exception):
    """Go is there, but the build did not end well."""


def go_version(text):
    """(major, minor) of `go version`, or None for what is no version."""
    found = re.search(r"\bgo(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else None


def check_go():
    advice = "Go %d.%d or newer: Debian package golang-%d.%d-go, or https://go.dev/dl" % (OLDEST + OLDEST)
    if shutil.which("go") is None:
        raise NoGo(f"wasmd, the chain, is built with Go, and there is none. Missing: {advice}")
    said = subprocess.run(["go", "version"], capture_output=True, text=True,
                          env={**os.environ, "GOTOOLCHAIN": "local"}).stdout.strip()
    version = go_version(said)
    if version is None or version < OLDEST:
        raise NoGo(f"wasmd, the chain, is built with Go; this is '{said}'. Missing: {advice}")
    if shutil.which("cc") is None:
        raise NoGo("wasmd, the chain, links a C library. Missing: a C compiler: Debian package gcc")


def stamp():
    digest = hashlib.sha256(" ".join(FLAGS).encode())
    for name in ("go.mod", "go.sum"):
        digest.update(hashlib.sha256((MODULE / name).read_bytes()).digest())
    return digest.hexdigest()


def built():
    return WASMD.exists() and STAMP.exists() and STAMP.read_text().strip() == stamp()


def environment():
    """What wasmd runs with: the library beside it, so that a cleaned Go cache breaks nothing."""
    before = os.environ.get("LD_LIBRARY_PATH")
    return {**os.environ, "LD_LIBRARY_PATH": f"{BIN}:{before}" if before else str(BIN)}


def say(text):
    print(text, file=sys.stderr, flush=True)


def run_telling(what, command, folder, env, every=30):
    """Runs a command that is silent for minutes and tells people that it goes on. Returns its exit code."""
    begun = time.monotonic()
    with subprocess.Popen(command, cwd=folder, env=env, stdout=sys.stderr) as process:
        while True:
            try:
                return process.wait(every)
            except subprocess.TimeoutExpired:
                say(f"... still {what}: {time.monotonic() - begun:.0f} s")
            except BaseException:
                process.kill()
                raise


def build():
    """Builds wasmd unless it is there already. Raises NoGo or BuildFailed."""
    if built():
        return
    check_go()
    BIN.mkdir(parents=True, exist_ok=True)
    # Two builds at once would only be slower.
    with open(BIN / ".wasmd-lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if built():
            return
        say("building wasmd v0.61 into .lyceum/bin: 3 to 6 minutes the first time, and 3.5 GB on disk for Go's caches")
        fresh = BIN / "wasmd.new"
        env = {**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly", "CGO_ENABLED": "1"}
        command = ["go", "build", *FLAGS, "-o", str(fresh), "github.com/CosmWasm/wasmd/cmd/wasmd"]
        if run_telling("building wasmd", command, MODULE, env):
            fresh.unlink(missing_ok=True)
            raise BuildFailed("wasmd was not built (see above): no network, or a full disk? "
                              "What is done is kept; run it again")
        copy_library(env)
        os.replace(fresh, WASMD)
        STAMP.write_text(stamp() + "\n")


def copy_library(env):
    found = subprocess.run(["go", "list", "-m", "-f", "{{.Dir}}", "github.com/CosmWasm/wasmvm/v3"],
                           cwd=MODULE, env=env, capture_output=True, text=True)
    source = Path(found.stdout.strip()) / "internal" / "api" / f"libwasmvm.{os.uname().machine}.so"
    if found.returncode or not source.exists():
        raise BuildFailed(f"the Go module of wasmvm brought no {source.name}: {found.stderr.strip() or source}")
    fresh = BIN / (source.name + ".new")
    shutil.copyfile(source, fresh)
    os.replace(fresh, BIN / source.name)
