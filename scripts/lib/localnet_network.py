"""A network of local chains on disk and its life: made, started, waited for, described.

Under its root: `state.json` (what was asked for, ports, the faucet), `network.json` while the chains are up, and
CHAIN/NUMBER/ for each validator (`home/`, `log`, and `process.json` while it runs).
"""

import fcntl
import http.client
import json
import os
import shutil
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import localnet_build
import localnet_genesis as genesis
from localnet_genesis import Failed
from localnet_process import Node, read_json, stop, write_json

START_TRIES = 5
START_SECONDS = 120
REST_SECONDS = 15


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


def ask(port, path):
    """A JSON answer from loopback, {} while there is none."""
    try:
        # No proxy of the environment stands before loopback.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"http://127.0.0.1:{port}{path}", timeout=2) as answer:
            found = json.loads(answer.read(1 << 20))
        return found if isinstance(found, dict) else {}
    except (OSError, ValueError, http.client.HTTPException):
        return {}


def own_id(node):
    return genesis.node_id(json.loads((node.home / "config" / "node_key.json").read_text()))


def height_of(node, ports):
    """The node's height, None if it doesn't answer or another program answers at its port."""
    result = ask(ports["rpc"], "/status").get("result", {})
    if result.get("node_info", {}).get("id") != own_id(node):
        return None
    return int(result["sync_info"]["latest_block_height"])


def serves_rest(node, ports):
    """Whether REST is up, and gRPC, which it asks in turn."""
    found = ask(ports["rest"], "/cosmos/base/tendermint/v1beta1/node_info")
    return found.get("default_node_info", {}).get("default_node_id") == own_id(node)


def log_tail(node, lines):
    try:
        with open(node.log, "rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - lines * 400))
            return log.read().decode(errors="replace").splitlines()[-lines:]
    except FileNotFoundError:
        return []


def wait_for_blocks(net, chain, height):
    """Until every node of the chain is at this height. False if a port was taken meanwhile."""
    deadline, reached_all = time.monotonic() + START_SECONDS, None
    while True:
        waiting, rest = [], True
        for number, node in enumerate(net.nodes(chain)):
            ports = chain["ports"][number]
            if not any(node.processes()):
                tail = log_tail(node, 40)
                if any("address already in use" in line for line in tail):
                    return False
                raise Failed(f"{chain['chain_id']}-{number} ended at once; its log {node.log} says:\n"
                             + "\n".join(tail[-15:]))
            reached = height_of(node, ports)
            if reached is None or reached < height:
                waiting.append(f"{chain['chain_id']}-{number} (height {reached or 'unknown'})")
            else:
                rest = rest and serves_rest(node, ports)
        if not waiting:
            if rest:
                return True
            # wasmd makes blocks and says nothing when its port for gRPC or REST is another's.
            reached_all = reached_all or time.monotonic()
            if time.monotonic() > reached_all + REST_SECONDS:
                return False
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
        if wait_for_blocks(net, chain, chain.get("initial_height", 1) + 1):
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
    address, mnemonic = genesis.new_account()
    net.state["faucet"] = {"address": address, "mnemonic": mnemonic}
    net.save()
    for chain in net.chains():
        chain["initial_height"] = genesis.create(net.folder(chain), chain["chain_id"], asked["validators"], address, asked["state"])
    net.state["complete"] = True
    net.save()


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
