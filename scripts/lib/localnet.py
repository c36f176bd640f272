"""Local chains: the commands of scripts/localnet, whose header says what each does.

Under its root: `state.json` (what was asked for, ports, the faucet), `network.json` while the chains are up, and
CHAIN/NUMBER/ for each validator (`home/`, `log`, and `process.json` while it runs).
"""

import argparse
import fcntl
import json
import os
import shutil
import signal
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import localnet_build
import localnet_genesis as genesis
from localnet_genesis import Failed
from localnet_process import Node, identify, read_json, stop, write_json

START_TRIES = 5
START_SECONDS = 120


class Network:
    def __init__(self, root):
        self.root = Path(root).resolve()
        self.state_file, self.file = self.root / "state.json", self.root / "network.json"
        self.state = read_json(self.state_file)

    def chains(self):
        return self.state["chains"] if self.state else []

    def folder(self, chain):
        return self.root / chain["chain_id"]

    def nodes(self, chain):
        return [Node(self.folder(chain) / str(number)) for number in range(self.state["validators"])]

    def all(self):
        """{name: (chain, number, node)} of everything, in order."""
        return {f"{chain['chain_id']}-{number}": (chain, number, node)
                for chain in self.chains() for number, node in enumerate(self.nodes(chain))}

    def every_node(self):
        return [node for _, _, node in self.all().values()]

    def find(self, name):
        """A node by its name; its number is enough where there is one chain."""
        known = self.all()
        if name not in known and len(self.chains()) == 1:
            name = f"{self.chains()[0]['chain_id']}-{name}"
        if name not in known:
            raise Failed(f"there is no node '{name}'; known: {', '.join(known) or 'none, nothing was started here'}")
        return known[name]

    def save(self):
        write_json(self.state_file, self.state)

    def describe(self):
        """What network.json holds: everything another program needs."""
        chains = []
        for chain in self.chains():
            ports, nodes = chain["ports"], self.nodes(chain)
            chains.append({
                "chain_id": chain["chain_id"], "prefix": genesis.PREFIX, "denom": genesis.DENOM,
                "gas_price": genesis.GAS_PRICE, "block_ms": self.state["block_ms"],
                "rpc": [f"http://127.0.0.1:{each['rpc']}" for each in ports],
                "grpc": [f"http://127.0.0.1:{each['grpc']}" for each in ports],
                "rest": [f"http://127.0.0.1:{each['rest']}" for each in ports],
                "faucet": self.state["faucet"],
                "validators": [{"name": f"{chain['chain_id']}-{number}", "pid": node.pid(), "home": str(node.home)}
                               for number, node in enumerate(nodes)],
            })
        return {"version": 1, "chains": chains}

    def start(self, node):
        command = [str(localnet_build.WASMD), "start", "--home", str(node.home), "--log_no_color"]
        node.start(command, localnet_build.environment(), self.state["owner"])

    @contextmanager
    def locked(self):
        self.root.mkdir(parents=True, exist_ok=True)
        with open(self.root / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.state = read_json(self.state_file)
            yield


def comet_status(port):
    """(node id, height) by a node's own word; None while it doesn't answer."""
    try:
        # No proxy of the environment stands before loopback.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"http://127.0.0.1:{port}/status", timeout=2) as answer:
            result = json.loads(answer.read(1 << 20))["result"]
        return result["node_info"]["id"], int(result["sync_info"]["latest_block_height"])
    except (OSError, ValueError, KeyError, urllib.error.URLError):
        return None


def height_of(node, ports):
    """The node's height, None if it doesn't answer or another program answers at its port."""
    found = comet_status(ports["rpc"])
    own = genesis.node_id(json.loads((node.home / "config" / "node_key.json").read_text()))
    return found[1] if found and found[0] == own else None


def answers(port):
    import socket
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
        return True
    except OSError:
        return False


def log_tail(node, lines):
    try:
        with open(node.log, "rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - lines * 400))
            return log.read().decode(errors="replace").splitlines()[-lines:]
    except FileNotFoundError:
        return []


def wait_for_blocks(net, chain, height):
    """Until every node of the chain is at this height. False if a port was taken meanwhile."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        waiting = []
        for number, node in enumerate(net.nodes(chain)):
            ports = chain["ports"][number]
            if not any(node.processes()):
                tail = log_tail(node, 40)
                if any("address already in use" in line for line in tail):
                    return False
                raise Failed(f"{chain['chain_id']}-{number} ended at once; its log {node.log} says:\n"
                             + "\n".join(tail[-15:]))
            reached = height_of(node, ports)
            if reached is None or reached < height or not (answers(ports["grpc"]) and answers(ports["rest"])):
                waiting.append(f"{chain['chain_id']}-{number} (height {reached or 'unknown'})")
        if not waiting:
            return True
        if time.monotonic() > deadline:
            raise Failed(f"no block {height} within {START_SECONDS} s from {', '.join(waiting)}; "
                         "see scripts/localnet logs")
        time.sleep(0.1)


def start_chain(net, chain):
    """Starts all nodes of a chain, with other ports when one was taken between its choice and its use."""
    for _ in range(START_TRIES):
        chain["ports"] = genesis.configure(net.folder(chain), net.state["validators"], net.state["block_ms"])
        net.save()
        for node in net.nodes(chain):
            # A line of an earlier start must not be read as one of this.
            node.log.unlink(missing_ok=True)
            net.start(node)
        if wait_for_blocks(net, chain, 2):
            return
        stop(net.nodes(chain))
    raise Failed(f"ports were taken by others {START_TRIES} times while {chain['chain_id']} started")


def make_fresh(net, asked):
    chain_ids = [f"lyceum-{number + 1}" for number in range(asked["chains_count"])]
    for chain in net.chains():
        shutil.rmtree(net.folder(chain), ignore_errors=True)
    for chain_id in chain_ids:
        if (net.root / chain_id).exists():
            raise Failed(f"{net.root / chain_id} is there, but not of a network that was started here; remove it")
    net.state = {**asked, "chains": [{"chain_id": chain_id} for chain_id in chain_ids]}
    # Written before the folders, so that an interrupted start is cleared by the next.
    net.save()
    address, mnemonic = genesis.new_account(net.root)
    net.state["faucet"] = {"address": address, "mnemonic": mnemonic}
    net.save()
    for chain in net.chains():
        genesis.create(net.folder(chain), chain["chain_id"], asked["validators"], address)
    net.state["complete"] = True
    net.save()


def asked_for(options):
    return {"chains_count": options.chains, "validators": options.validators, "block_ms": options.block_time}


def same(state, asked):
    return all(state.get(key) == value for key, value in asked.items())


def in_words(state):
    return f"{state['chains_count']} chain(s), {state['validators']} validator(s), {state['block_ms']} ms a block"


def up(net, options):
    asked = asked_for(options)
    owner = identify(options.owner) if options.owner else None
    if options.owner and not owner:
        raise Failed(f"--owner {options.owner}: there is no such process")
    localnet_build.build()
    with net.locked():
        running = [node for node in net.every_node() if any(node.processes())]
        if running:
            if not same(net.state, asked):
                raise Failed(f"up already with {in_words(net.state)}; "
                             "run scripts/localnet down first, or choose another --root")
            missing = [name for name, (_, _, node) in net.all().items() if node not in running]
            started = bring_back(net)
            note = f"up already{'; started again: ' + ', '.join(missing) if started else ''}"
            return show(net, options, note)
        began = time.monotonic()
        try:
            if options.keep and net.state and net.state.get("complete"):
                if not same(net.state, asked):
                    raise Failed(f"the kept data is of {in_words(net.state)}; ask for that, or start without --keep")
            else:
                make_fresh(net, asked)
            net.state["owner"] = owner
            net.save()
            for chain in net.chains():
                start_chain(net, chain)
            write_json(net.file, net.describe())
        except BaseException:
            # Also when interrupted: nothing is left running that nobody knows of.
            net.file.unlink(missing_ok=True)
            stop(net.every_node())
            raise
        return show(net, options, f"up after {time.monotonic() - began:.1f} s")


def bring_back(net):
    """Starts the nodes of a running network that have ended; whether there were any."""
    ended = [(chain, number, node) for chain, number, node in net.all().values() if not any(node.processes())]
    for chain, number, node in ended:
        start_one(net, chain, number, node)
    return bool(ended)


def start_one(net, chain, number, node):
    net.start(node)
    deadline = time.monotonic() + START_SECONDS
    # Its old ports are kept, clients know them. Whether blocks come depends on the others too.
    while height_of(node, chain["ports"][number]) is None:
        if not any(node.processes()):
            raise Failed(f"{node.folder} ended at once; its log says:\n" + "\n".join(log_tail(node, 15)))
        if time.monotonic() > deadline:
            raise Failed(f"no answer within {START_SECONDS} s; see {node.log}")
        time.sleep(0.1)
    write_json(net.file, net.describe())


def down(net, _):
    with net.locked():
        stopped = stop(net.every_node())
        net.file.unlink(missing_ok=True)
    print("down" if stopped else "nothing is up", file=sys.stderr)
    return 0


def start(net, options):
    chain, number, node = net.find(options.name)
    with net.locked():
        if any(node.processes()):
            print("runs already", file=sys.stderr)
        else:
            start_one(net, chain, number, node)
    return 0


def end(net, options, number):
    _, _, node = net.find(options.name)
    with net.locked():
        if not stop([node], number):
            print("does not run", file=sys.stderr)
        if net.file.exists():
            write_json(net.file, net.describe())
    return 0


def show(net, options, note=None):
    if options.json:
        print(json.dumps(net.describe(), indent=1))
        return 0
    if note:
        print(note)
    everything = True
    for name, (chain, number, node) in net.all().items():
        ports, pid = (chain.get("ports") or [{}] * (number + 1))[number], node.pid()
        height = height_of(node, ports) if pid else None
        everything &= height is not None
        state = f"pid {pid}, height {height or 'unknown'}" if pid else "does not run"
        addresses = "  ".join(f"{kind} http://127.0.0.1:{ports[kind]}" for kind in ("rpc", "rest", "grpc")) if pid else ""
        print(f"{name:<12} {state:<28} {addresses}".rstrip())
    if everything:
        print(f"faucet       {net.state['faucet']['address']} (its mnemonic is in {net.file})")
    return 0 if everything else 1


def status(net, options):
    if not any(any(node.processes()) for node in net.every_node()):
        print("nothing is up", file=sys.stderr)
        return 1
    if options.json:
        show(net, options)
        return 0 if all(node.pid() for node in net.every_node()) else 1
    return show(net, options)


def logs(net, options):
    chosen = {options.name: net.find(options.name)} if options.name else net.all()
    if not chosen:
        raise Failed("there are no logs, nothing was started here")
    for name, (_, _, node) in chosen.items():
        for line in log_tail(node, 200 if options.name else 20):
            print(line if options.name else f"{name}: {line}")
    if options.follow:
        follow(chosen)
    return 0


def follow(chosen):
    places = {name: (node, os.stat(node.log).st_ino, os.path.getsize(node.log)) for name, (_, _, node) in chosen.items()}
    while True:
        for name, (node, inode, place) in places.items():
            try:
                with open(node.log, "rb") as log:
                    now = os.fstat(log.fileno()).st_ino
                    log.seek(place if now == inode else 0)
                    data = log.read(1 << 20)
                    places[name] = (node, now, log.tell())
            except FileNotFoundError:
                continue
            sys.stdout.write(data.decode(errors="replace"))
        sys.stdout.flush()
        time.sleep(0.3)


def number_between(least, most):
    def parse(text):
        value = int(text)
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"must be from {least} to {most}, not {value}")
        return value
    parse.__name__ = "number"
    return parse


def arguments(words):
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--root", default=os.environ.get("LYCEUM_LOCALNET")
                        or localnet_build.ROOT / ".lyceum" / "localnet")
    shared.add_argument("--json", action="store_true")
    parser = argparse.ArgumentParser(prog="scripts/localnet", add_help=False)
    commands = parser.add_subparsers(dest="command", required=True)

    def command(name, run):
        made = commands.add_parser(name, parents=[shared], add_help=False, allow_abbrev=False)
        made.set_defaults(run=run)
        return made

    made = command("up", up)
    made.add_argument("--chains", type=number_between(1, 2), default=1)
    made.add_argument("--validators", type=number_between(1, 16), default=1)
    made.add_argument("--block-time", type=number_between(50, 600_000), default=1000)
    made.add_argument("--keep", action="store_true")
    made.add_argument("--owner", type=number_between(1, 1 << 30))
    command("down", down)
    command("status", status)
    made = command("logs", logs)
    made.add_argument("name", nargs="?")
    made.add_argument("-f", "--follow", action="store_true")
    command("start", start).add_argument("name")
    command("stop", lambda net, options: end(net, options, signal.SIGTERM)).add_argument("name")
    command("kill", lambda net, options: end(net, options, signal.SIGKILL)).add_argument("name")
    command("build", lambda net, options: localnet_build.build() or 0)
    return parser.parse_args(words)


def interrupted(*_):
    raise KeyboardInterrupt


def main():
    options = arguments(sys.argv[1:])
    signal.signal(signal.SIGTERM, interrupted)
    signal.signal(signal.SIGHUP, interrupted)
    try:
        return options.run(Network(options.root), options)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        return 1
    except localnet_build.NoGo as error:
        print(f"error: {error}", file=sys.stderr)
        return 3
    except (Failed, localnet_build.BuildFailed, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
