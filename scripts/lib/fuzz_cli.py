"""The attacker behind scripts/fuzz-cli: draws commands and surroundings, runs them, and judges what is left."""

import argparse
import hashlib
import json
import os
import random
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from fuzz_endpoint import Endpoint

EXIT_STATUSES = set(range(0, 16)) | {130}
PANIC = (b"panicked at", b"RUST_BACKTRACE", b"fatal runtime error", b"stack overflow")
UNLOADED = (b"Intel oneMKL FATAL ERROR", b"error while loading shared libraries")
# Ends by itself within this many seconds, or hangs. Machines are shared: generous.
LIMIT = 60
WORDS = ("abandon " * 23 + "art").strip()
# Files that a user has only once. A command may add to them or replace them whole, and may not tear or lose them.
PRECIOUS = ("keys/", "node.toml", "node.secret", "peer.key", "journal.json", "deployment.json", "beacon.key")
TEXTS = [
    "", " ", "-", "--", "x", "é", "\u202e", "a\nb", "\x1b[31mred", "x" * 5000, "0", "-1", "1", "18446744073709551616",
    "1e400", "NaN", "500LYC", "0.5LYC", "500000000ulyc", "1.0000001LYC", "wasm1qqqq", "cosmos1abc", "/", ".", "..", "null",
    "{}", "[]", '{"a":', "http://127.0.0.1:1", "http://[::1", "https://127.0.0.1:1", "/ip4/127.0.0.1/tcp/0", "true", "%s%n",
    "$(id)", "../../x", b"\xff\xfe".decode("utf-8", "surrogateescape"),
]


class Ground:
    """One attempt's folder: a home, a model, files and places that refuse to be written."""

    def __init__(self, program, model, rng, endpoint):
        self.rng, self.program, self.url = rng, program, endpoint.url
        self.path = Path(tempfile.mkdtemp(prefix="lyceum-fuzz-"))
        self.home = self.path / "home"
        (self.path / "pass").write_text("correct horse\n")
        (self.path / "words").write_text(WORDS + "\n")
        shutil.copytree(model, self.path / "model")
        (self.path / "garbage").write_bytes(rng.randbytes(rng.choice([0, 1, 100, 70_000])))
        block = (self.path / "model/base.tblock").read_bytes()
        (self.path / "torn.tblock").write_bytes(block[: rng.randrange(len(block))])
        os.mkfifo(self.path / "fifo")
        (self.path / "dangling").symlink_to("nowhere")
        (self.path / "loop").symlink_to("loop")
        (self.path / "texts").mkdir()
        (self.path / "texts/a.txt").write_text("some text to look at\n" * 50)
        (self.path / "texts/latin1.txt").write_bytes("Grüße aus Köln\n".encode("latin-1") * 50)
        (self.path / "target.safetensors").write_bytes(b"what was there")
        self.places = [self.path / "space", self.path / "no/such/folder"]
        self.mounts = []
        for name, options in (("full", "size=64k"), ("readonly", "size=1m,ro")):
            place = self.path / name
            place.mkdir()
            made = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", place], capture_output=True)
            if made.returncode == 0:
                self.mounts.append(place)
                self.places.append(place)
        self.setup()

    def setup(self):
        """An operator's folder, made by the program itself."""
        quiet = dict(stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT)
        home = ["--home", self.home]
        for name in ("alice", "node"):
            subprocess.run(
                [self.program, "keys", "add", name, "--recover", "--words-file", self.path / "words", "--account",
                 str(len(name)), "--passphrase-file", self.path / "pass", *home], **quiet)
        subprocess.run(
            [self.program, "init", "--chain-id", "fuzz-1", "--rpc", self.url, "--name", "n", "--passphrase-file",
             self.path / "pass", *home], **quiet)
        spoiled = self.rng.random()
        files = [f for f in self.home.rglob("*") if f.is_file()] if self.home.exists() else []
        if spoiled < 0.3 and files:
            file = self.rng.choice(files)
            raw = file.read_bytes()
            file.write_bytes(self.rng.choice([b"", raw[: len(raw) // 2], b"\xef\xbb\xbf" + raw, self.rng.randbytes(64)]))

    def remove(self):
        for place in self.mounts:
            subprocess.run(["umount", "-l", place], capture_output=True)
        shutil.rmtree(self.path, ignore_errors=True)

    def file(self):
        names = ["model", "model/base.tblock", "model/config.json", "garbage", "torn.tblock", "dangling", "loop", "texts",
                 "texts/a.txt", "home/node.toml", "home/keys", "absent", "target.safetensors"]
        return str(self.rng.choice([*(self.path / n for n in names), *self.places, Path("/dev/null"), Path("/proc/self/mem")]))

    def output(self):
        names = ["new.safetensors", "target.safetensors", "model", "model/base.tblock", "garbage", "dangling", "full/x",
                 "readonly/x", "no/such/x", "loop"]
        return str(self.rng.choice([*(self.path / n for n in names), Path("/dev/full"), Path("/dev/null"), Path("/dev/stdout")]))

    def value(self):
        rng = self.rng
        return rng.choice([lambda: rng.choice(TEXTS), self.file, self.output, lambda: str(rng.randrange(-5, 10**rng.randrange(1, 22)))])()

    def snapshot(self):
        """The precious files by name: the hash of what they hold."""
        held = {}
        for root in (self.home, self.path / "model"):
            for file in root.rglob("*") if root.is_dir() else ():
                name = str(file.relative_to(root))
                if root != self.home or name.startswith(PRECIOUS):
                    if file.is_file():
                        held[f"{root.name}/{name}"] = hashlib.sha256(file.read_bytes()).hexdigest()
        return held


def command(ground):
    """Arguments of one attempt."""
    rng, p = ground.rng, ground.path
    home = ["--home", str(ground.home)] if rng.random() < 0.9 else ["--home", ground.file()]
    passed = ["--passphrase-file", rng.choice([str(p / "pass"), "/dev/stdin", "/dev/fd/9", ground.file()])]
    known = [
        lambda: ["inspect", ground.file()],
        lambda: ["inspect", str(p / "model/base.tblock"), "--root", rng.choice(["0" * 64, ground.value()])],
        lambda: ["export", ground.file(), "--safetensors", ground.output()],
        lambda: ["export", str(p / "model"), "--safetensors", ground.output()],
        lambda: ["export", str(p / "model/base.tblock"), "--safetensors", ground.output()],
        lambda: ["generate", str(p / "model"), "--prompt", rng.choice(TEXTS), "--bytes", rng.choice(["0", "1", "20", "300"])],
        lambda: ["generate", ground.file(), "--temperature", ground.value()],
        lambda: ["keys", "list", *home],
        lambda: ["keys", "show", rng.choice(["alice", "node", "nobody", ground.value()]), *home],
        lambda: ["keys", "add", rng.choice(["bob", "alice", ground.value()]), *passed, *home,
                 *rng.choice([["--show-words"], ["--no-words"], ["--recover", "--words-file", ground.file()], ["--recover"]])],
        lambda: ["keys", "delete", rng.choice(["alice", ground.value()]), *home],
        lambda: ["init", "--rpc", rng.choice([ground.url, ground.value()]), "--chain-id", ground.value(), "--home",
                 rng.choice([str(p / "home2"), ground.output(), str(ground.home)])],
        lambda: ["node", "--check", *home],
        lambda: ["node", *home],
        lambda: ["beacon", "--key", rng.choice([str(p / "beacon.key"), ground.output()]), "--describe"],
        lambda: ["beacon", "--key", str(p / "beacon.key"), "--listen", rng.choice(["127.0.0.1:0", ground.value()]), "--period", ground.value()],
        lambda: ["query", rng.choice(["nodes", "tasks", "experts", "datasets", ground.value()]), rng.choice(["config", "raw", ground.value()]), *home],
        lambda: ["tx", rng.choice(["nodes", "datasets", "rewards", ground.value()]), rng.choice(["bond", "delegate", "claim", "vote", ground.value()]), *home],
        lambda: ["balance", *rng.choice([[], ["alice"], [ground.value()]]), *home],
        lambda: ["send", ground.value(), rng.choice(["1LYC", ground.value()]), "--from", "alice", *passed, *home],
        lambda: ["deploy", "--rpc", ground.url, "--authority", ground.value(), "--drand", "--artifacts", ground.file(), "--out", ground.output(), *home],
        lambda: ["upgrade", *home],
        lambda: ["audit", ground.file()],
        lambda: ["demo", "--data", ground.file(), "--base-steps", "20", "--out", rng.choice([str(p / "out"), ground.output()])],
        lambda: ["completions", rng.choice(["bash", "zsh", "fish", ground.value()])],
        lambda: [rng.choice(["--help", "--version", "help", ground.value()])],
    ]
    args = rng.choice(known)()
    for _ in range(rng.choice([0, 0, 0, 1, 2])):
        flag = rng.choice(["--json", "--yes", "--dry-run", "--help", "--home", "--rpc", "--from", "--funds", "--at-height",
                           "--gas-price", "--gas-adjustment", "--gas-ceiling", "--deployment", "--out", "--seed", "--limit", ground.value()])
        args.insert(rng.randrange(1, len(args) + 1), flag)
        if rng.random() < 0.5:
            args.append(ground.value())
    if rng.random() < 0.3:
        args.append("--json")
    return [a.replace("\0", "") for a in args]


def surroundings(rng):
    """Environment, descriptors, limits and the moment of a kill."""
    env = {"PATH": os.environ["PATH"], "HOME": rng.choice(["/nonexistent", "/", "", "/tmp"])}
    for name, values in {
        "LYCEUM_LOG": ["debug", "trace", "garbage=[", "", "off"], "NO_COLOR": ["1", ""], "TERM": ["dumb", "", "xterm"],
        "COLUMNS": ["40", "0", "-1", "x"], "LANG": ["C", "de_DE.UTF-8", "x"], "TMPDIR": ["/nonexistent", "/proc"],
        "LYCEUM_HOME": ["/nonexistent", ""], "RUST_BACKTRACE": ["full"], "http_proxy": ["http://127.0.0.1:1"],
    }.items():
        if rng.random() < 0.15:
            env[name] = rng.choice(values)
    return {
        "env": env,
        "stdin": rng.choice(["null", "null", "null", "closed", "yes", "folder", "noise"]),
        "stdout": rng.choice(["pipe", "pipe", "pipe", "closed", "gone", "full", "folder"]),
        "stderr": rng.choice(["pipe", "pipe", "pipe", "pipe", "closed", "gone", "full"]),
        "limit": rng.choice([None] * 8 + ["size", "files", "memory", "processes"]),
        "kill": rng.choice([None] * 6 + [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP]),
        "after": rng.choice([0.01, 0.05, 0.2, 1.0]),
        "cwd": rng.choice(["/", "/", "removed"]),
    }


def descriptor(kind, writing):
    """A descriptor of that kind, or None for a closed one."""
    if kind in ("null", "pipe"):
        return None
    if kind == "full":
        return os.open("/dev/full", os.O_WRONLY)
    if kind == "folder":
        # A small one: whatever is told to read it walks it whole.
        return os.open(Path(__file__).parent, os.O_RDONLY)
    if kind == "gone":
        read, write = os.pipe()
        os.close(read)
        return write
    read, write = os.pipe()
    os.write(write, b"yes\ny\n" if kind == "yes" else os.urandom(200))
    os.close(write)
    return read


LIMITS = {
    "size": (resource.RLIMIT_FSIZE, 4096),
    "files": (resource.RLIMIT_NOFILE, 12),
    "memory": (resource.RLIMIT_AS, 600 << 20),
    "processes": (resource.RLIMIT_NPROC, 1),
}


def attempt(ground, args, around):
    """Runs it; what is wrong with how it ended comes back as sentences."""
    opened, closed = [], []
    streams = {}
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        kind = around[name]
        if kind == "closed":
            closed.append(number)
            streams[name] = subprocess.DEVNULL
        else:
            fd = descriptor(kind, number > 0)
            if fd is not None:
                opened.append(fd)
            streams[name] = fd if fd is not None else (subprocess.DEVNULL if number == 0 else subprocess.PIPE)
    cwd = around["cwd"]
    if cwd == "removed":
        cwd = ground.path / "gone"
        cwd.mkdir(exist_ok=True)

    def child():
        # A shell's background job ignores SIGINT, and one that comes before the program listens would be lost.
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        for number in closed:
            os.close(number)
        if around["cwd"] == "removed":
            os.rmdir(cwd)
        if around["limit"]:
            what, much = LIMITS[around["limit"]]
            resource.setrlimit(what, (much, much))

    started = time.monotonic()
    process = subprocess.Popen([ground.program, *args], cwd=cwd, env=around["env"], preexec_fn=child, **streams)
    for fd in opened:
        os.close(fd)
    wrong, killed = [], None
    lives = args[0] in ("node", "beacon", "demo")
    try:
        kill = around["kill"] or (signal.SIGTERM if lives else None)
        if kill:
            try:
                out, err = process.communicate(timeout=around["after"] if around["kill"] else 3)
            except subprocess.TimeoutExpired:
                process.send_signal(kill)
                killed = kill
                out, err = process.communicate(timeout=LIMIT)
        else:
            out, err = process.communicate(timeout=LIMIT)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        return [f"hangs: alive after {time.monotonic() - started:.0f} s"], None
    status, out, err = process.returncode, out or b"", err or b""
    starved = around["limit"] in ("memory", "processes")
    # libtorch and the loader end the process before the program begins, by a message or by the signal of a closed pipe.
    if around["limit"] in LIMITS or around["cwd"] == "removed":
        if any(mark in err for mark in UNLOADED) or (status == -signal.SIGPIPE and around["stderr"] == "gone"):
            return [], status
    if any(mark in err or mark in out for mark in PANIC) and not (starved and b"memory allocation" in err):
        wrong.append("panics: " + err.decode(errors="replace")[:400])
    if status < 0 and -status not in (killed or 0, signal.SIGKILL if killed else 0):
        if not (starved and status == -signal.SIGABRT):
            wrong.append(f"dies of signal {-status}")
    elif status >= 0 and status not in EXIT_STATUSES and not (killed and status == 128 + killed) and not starved:
        wrong.append(f"exit status {status} is in no table: {err[-300:]!r}")
    if status == 1 and not starved:
        wrong.append(f"says that something inside went wrong: {err[-300:] or out[-300:]!r}")
    told = around["stderr"] == "pipe" and around["stdout"] == "pipe"
    if status > 0 and told and "--json" not in args and not err and not out and not killed:
        wrong.append(f"ends with {status} and says nothing")
    if "--json" in args and "--" not in args and around["stdout"] == "pipe" and out and not killed and args[0] != "completions" and "/dev/stdout" not in args:
        try:
            for line in out.decode().splitlines() if args[0] in ("beacon",) else [out.decode()]:
                json.loads(line)
        except ValueError:
            if "--help" not in args and "help" not in args and "--version" not in args:
                wrong.append(f"--json prints what is no JSON: {out[:200]!r}")
    return wrong, status


def judge(ground, args, status, before):
    """What is lost or torn of what was there, or left behind."""
    wrong, after = [], ground.snapshot()
    for name, hash_ in before.items():
        meant = {"keys": ("keys/",), "export": ("model/",), "demo": ("model/",), "node": ("home/journal", "home/node.toml")}
        if name not in after:
            if not (args[0] == "keys" and status == 0):
                wrong.append(f"{name} is lost")
        elif after[name] != hash_ and not any(m in name for m in meant.get(args[0], ())):
            wrong.append(f"{name} has changed")
    for name in after.keys() - before.keys():
        if name.startswith("home/keys/") and (ground.home.parent / name).stat().st_size == 0:
            wrong.append(f"{name} is empty")
    target = ground.path / "target.safetensors"
    if not target.is_file():
        wrong.append("the file that an export replaces is lost")
    elif (held := target.read_bytes()) != b"what was there":
        size = int.from_bytes(held[:8], "little")
        try:
            header = json.loads(held[8 : 8 + size])
            end = max((t["data_offsets"][1] for n, t in header.items() if n != "__metadata__"), default=0)
            if len(held) != 8 + size + end:
                raise ValueError
        except (ValueError, KeyError, TypeError):
            if args[0] != "init":
                wrong.append("the file that an export replaces is torn")
    return wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(10**6)
    end = time.monotonic() + options.minutes * 60
    statuses, found, count = {}, {}, 0
    print(f"seed {seed}, {options.minutes:g} minutes", flush=True)
    told = time.monotonic()
    with Endpoint(seed) as endpoint:
        while time.monotonic() < end:
            rng = random.Random(f"{seed}/{count}")
            ground = Ground(os.path.abspath(options.program), options.model, rng, endpoint)
            try:
                for _ in range(20):
                    args, around = command(ground), surroundings(rng)
                    before = ground.snapshot()
                    wrong, status = attempt(ground, args, around)
                    wrong += judge(ground, args, status, before)
                    statuses[status] = statuses.get(status, 0) + 1
                    count += 1
                    for sentence in wrong:
                        kind = (args[0] if args else "", sentence[:60])
                        found[kind] = found.get(kind, 0) + 1
                        if found[kind] == 1:
                            line = shlex.join(["lyceum", *args]).encode("utf-8", "surrogateescape")
                            sys.stdout.flush()
                            sys.stdout.buffer.write(b"\n" + line + b"\n")
                            print(f"  {sentence!a}\n  {around!a}", flush=True)
                    if time.monotonic() > end:
                        break
            finally:
                if options.keep and time.monotonic() > end:
                    print(f"kept: {ground.path}")
                else:
                    ground.remove()
            if time.monotonic() - told > 60:
                told = time.monotonic()
                print(f"{count} commands, {sum(found.values())} findings of {len(found)} kinds", flush=True)
    print(f"\n{count} commands; exit statuses: " + ", ".join(f"{k}: {v}" for k, v in sorted(statuses.items(), key=str)))
    for (name, sentence), times in sorted(found.items()):
        print(f"  {times:>5} {name}: {sentence!a}")
    print("nothing found" if not found else f"{len(found)} kinds of findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
