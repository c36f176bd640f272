"""The processes of a local chain: each node runs under a keeper of its own.

The keeper bounds the node's log, ends the node when the network's owner is gone, and takes the node with it when it
dies itself. A process is only ever stopped after its pid, start time and command line were found to be those written
down when it was started: pids are used again.
"""

import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

LOG_LIMIT = 8 << 20  # then the log starts anew, and one older file is kept
GRACE = 15.0  # seconds a node has to end itself
PR_SET_PDEATHSIG = 1


def boot_id():
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def parse_stat(text):
    """(state, start time) of /proc/PID/stat; the name in it may hold spaces and brackets."""
    fields = text[text.rindex(")") + 2:].split()
    return fields[0], int(fields[19])


def identify(pid):
    """What tells this process from a later one of the same pid; None if it has ended."""
    try:
        state, started = parse_stat(Path(f"/proc/{pid}/stat").read_text())
    except (OSError, ValueError, IndexError):
        return None
    return None if state in "ZX" else {"pid": pid, "started": started, "boot": boot_id()}


def alive(identity, word=None):
    """Whether exactly this process runs; with `word`, also whether its command line holds it."""
    if not identity or identify(identity["pid"]) != identity:
        return False
    if word is None:
        return True
    for _ in range(50):
        try:
            line = Path(f"/proc/{identity['pid']}/cmdline").read_bytes()
        except OSError:
            return False
        if line:
            return os.fsencode(word) in line.split(b"\0")
        time.sleep(0.01)  # a program that has just been started has none for a moment
    return False


def send(identity, word, number):
    """Signals a process if it is the one that was started; whether it was."""
    if not alive(identity, word):
        return False
    try:
        os.kill(identity["pid"], number)
    except ProcessLookupError:
        return False
    return True


class BoundedLog:
    def __init__(self, path, limit=LOG_LIMIT):
        self.path, self.limit = Path(path), limit
        self.file = open(self.path, "ab")

    def write(self, data):
        if self.file.tell() + len(data) > self.limit:
            self.file.close()
            os.replace(self.path, f"{self.path}.1")
            self.file = open(self.path, "ab")
        self.file.write(data)
        self.file.flush()


def write_json(path, value, mode=0o600):
    fresh = f"{path}.new"
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as file:
        json.dump(value, file, indent=1)
        file.write("\n")
    os.replace(fresh, path)


def read_json(path):
    try:
        return json.loads(Path(path).read_text())
    except FileNotFoundError:
        return None


class Node:
    """A node by its folder: `home/`, `log` and, while it runs, `process.json`."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.home = self.folder / "home"
        self.log = self.folder / "log"
        self.record = self.folder / "process.json"

    def processes(self):
        """(keeper, node) that run, each None if it doesn't."""
        record = read_json(self.record) or {}
        keeper, node = record.get("keeper"), record.get("node")
        return (keeper if alive(keeper, str(self.folder)) else None, node if alive(node, str(self.home)) else None)

    def pid(self):
        node = self.processes()[1]
        return node["pid"] if node else None

    def start(self, command, env, owner):
        """Starts the keeper, which starts the node. Returns at once."""
        keeper = [sys.executable, "-B", __file__, str(self.folder), json.dumps(owner), *command]
        self.record.unlink(missing_ok=True)
        # A session of its own: what is typed at the terminal is not for the chain.
        with open(self.log, "ab") as errors:
            process = subprocess.Popen(keeper, env=env, cwd="/", start_new_session=True,
                                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors)
        deadline = time.monotonic() + 30
        while read_json(self.record) is None:
            if process.poll() is not None:
                return  # it wrote its reason to the log and took its record along
            if time.monotonic() > deadline:
                process.kill()
                raise TimeoutError(f"the keeper of {self.folder} did not start, see {self.log}")
            time.sleep(0.02)
        process.returncode = 0  # it outlives this program, which doesn't wait for its end

    def signal_node(self, number):
        return send((read_json(self.record) or {}).get("node"), str(self.home), number)

    def signal_keeper(self, number):
        return send((read_json(self.record) or {}).get("keeper"), str(self.folder), number)


def stop(nodes, number=signal.SIGTERM):
    """Ends all these nodes and waits until they have ended; True if any ran."""
    running = [node for node in nodes if any(node.processes())]
    for node in running:
        # A node without its keeper would be one whose keeper was killed a moment ago.
        if number == signal.SIGKILL or not node.signal_keeper(number):
            node.signal_node(number)
    deadline = time.monotonic() + GRACE + 5
    while any(any(node.processes()) for node in running):
        if time.monotonic() > deadline:
            for node in running:
                node.signal_node(signal.SIGKILL)
                node.signal_keeper(signal.SIGKILL)
        time.sleep(0.05)
    for node in running:
        node.record.unlink(missing_ok=True)
    return bool(running)


def keep(folder, owner, command):
    """The keeper's whole life."""
    node = Node(folder)
    log = BoundedLog(node.log)
    stopping = []

    def stop_node(*_):
        stopping.append(time.monotonic() + GRACE)
        if len(stopping) == 1 and child is not None:
            child.terminate()

    child = None
    parent = os.getpid()
    libc = ctypes.CDLL(None, use_errno=True)

    def with_keeper():
        # The node ends when its keeper does, whatever ended that.
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop_node)
    child = subprocess.Popen(command, cwd=node.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, preexec_fn=with_keeper)
    own = {"keeper": identify(parent), "node": identify(child.pid)}
    write_json(node.record, own)
    if stopping:
        child.terminate()
    output = child.stdout.fileno()
    while True:
        if select.select([output], [], [], 0.25)[0]:
            data = os.read(output, 1 << 16)
            if not data:
                break
            log.write(data)
        if owner and not alive(owner) and not stopping:
            log.write(b"-- the owner of this network has ended\n")
            # Nobody is left to call `down`.
            (node.folder.parent.parent / "network.json").unlink(missing_ok=True)
            stop_node()
        if not stopping and read_json(node.record) != own:
            # Nobody could stop it any more: its folder was removed, or another keeper has it.
            log.write(b"-- its record is gone\n")
            stop_node()
        if stopping and time.monotonic() > stopping[0]:
            child.kill()
    status = child.wait()
    log.write(f"-- ended with {'signal ' + str(-status) if status < 0 else 'exit code ' + str(status)}\n".encode())
    if read_json(node.record) == own:
        node.record.unlink()


if __name__ == "__main__":
    keep(sys.argv[1], json.loads(sys.argv[2]), sys.argv[3:])
