"""The first state of a local chain and the settings of its nodes."""

import base64
import hashlib
import json
import re
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

from localnet_build import WASMD, environment

DENOM = "ulyc"
PREFIX = "wasm"
GAS_PRICE = "0.025"
FAUCET_FUNDS = 10**16
VALIDATOR_FUNDS = 10**13
VALIDATOR_BOND = 10**12
BLOCK_GAS = 100_000_000
PORTS = ("rpc", "p2p", "grpc", "rest")


class Failed(Exception):
    """A step that did not work, in words for the user."""


def wasmd(home, *arguments):
    done = subprocess.run([str(WASMD), *arguments, "--home", str(home)], env=environment(), stdin=subprocess.DEVNULL,
                          capture_output=True, text=True)
    if done.returncode:
        raise Failed(f"wasmd {' '.join(arguments[:2])} failed: {done.stderr.strip()[-2000:]}")
    return done.stdout


def new_account():
    """A fresh account that no key ring holds: (address, mnemonic)."""
    with tempfile.TemporaryDirectory() as home:
        made = json.loads(wasmd(home, "keys", "add", "faucet", "--dry-run", "--keyring-backend", "memory",
                                "--output", "json"))
    return made["address"], made["mnemonic"]


def node_id(key):
    """CometBFT's name of a node: the first 20 bytes of its public key's hash."""
    secret = base64.b64decode(key["priv_key"]["value"])
    return hashlib.sha256(secret[32:]).hexdigest()[:40]


def free_ports(count):
    """Ports of loopback that nobody listens on now. Another may take one before it is used: callers try again."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def set_toml(text, changes):
    """Replaces values in a TOML text of plain `key = value` lines: {"section.key": value}, "" is the top section.

    A key that isn't there is an error: wasmd would ignore it silently.
    """
    left, section, out = dict(changes), "", []
    for line in text.splitlines():
        header = re.fullmatch(r"\s*\[([\w.-]+)\]\s*", line)
        setting = re.match(r"([\w-]+)\s*=", line)
        if header:
            section = header[1]
        elif setting:
            name = f"{section}.{setting[1]}".lstrip(".")
            if name in left:
                line = f"{setting[1]} = {toml_value(left.pop(name))}"
        out.append(line)
    if left:
        raise Failed(f"this wasmd's configuration has no {', '.join(sorted(left))}")
    return "\n".join(out) + "\n"


def toml_value(value):
    # JSON's strings, booleans, numbers and lists of strings are TOML's too.
    return json.dumps(value)


def patch_genesis(genesis):
    """What differs from wasmd's own first state: quick votes, no inflation, no jail for a killed validator."""
    state = genesis["app_state"]
    genesis["consensus"]["params"]["block"]["max_gas"] = str(BLOCK_GAS)
    state["mint"]["minter"]["inflation"] = "0.000000000000000000"
    state["mint"]["params"].update(
        mint_denom=DENOM, inflation_rate_change="0.000000000000000000", inflation_max="0.000000000000000000",
        inflation_min="0.000000000000000000")
    state["gov"]["params"].update(
        max_deposit_period="60s", voting_period="20s", expedited_voting_period="10s")
    state["slashing"]["params"].update(signed_blocks_window="1000000", min_signed_per_window="0.050000000000000000")
    state["bank"]["denom_metadata"] = [{
        "description": "The coin of a local Lyceum chain", "base": DENOM, "display": "lyc", "name": "Lyceum",
        "symbol": "LYC", "uri": "", "uri_hash": "",
        "denom_units": [{"denom": DENOM, "exponent": 0, "aliases": []}, {"denom": "lyc", "exponent": 6, "aliases": []}],
    }]
    return genesis


def read_state(path):
    """A state to begin with, and the height that it begins at: {"height", "accounts": [{"address", "ulyc"}], "wasm"},
    where `wasm` is x/wasm's own genesis without its parameters. Contracts may have written the heights that they saw.
    """
    try:
        state = json.loads(Path(path).read_text())
        if not isinstance(state, dict) or set(state) != {"height", "accounts", "wasm"} or not set(state["wasm"]) <= {"codes", "contracts", "sequences"}:
            raise ValueError("it does not hold just height, accounts and wasm's codes, contracts, sequences")
        height = int(state["height"])
        coins = [{"denom": DENOM, "amount": str(int(account["ulyc"]))} for account in state["accounts"]]
        accounts = [{"address": account["address"], "coins": [each] if int(each["amount"]) else []}
                    for account, each in zip(state["accounts"], coins)]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Failed(f"--state {path}: {error}") from error
    return height, accounts, state["wasm"]


def create(folder, chain_id, validators, faucet, state_file=None):
    """Homes of a fresh chain under `folder`, one for each validator, all with one genesis file; its first height."""
    height, more, contracts = read_state(state_file) if state_file else (1, [], {})
    homes = [folder / str(number) / "home" for number in range(validators)]
    accounts = [{"address": faucet, "coins": [{"denom": DENOM, "amount": str(FAUCET_FUNDS)}]}]
    for number, home in enumerate(homes):
        home.mkdir(parents=True)
        wasmd(home, "init", f"{chain_id}-{number}", "--chain-id", chain_id, "--default-denom", DENOM)
        key = json.loads(wasmd(home, "keys", "add", "validator", "--keyring-backend", "test", "--output", "json"))
        accounts.append({"address": key["address"], "coins": [{"denom": DENOM, "amount": str(VALIDATOR_FUNDS)}]})
    first = homes[0]
    genesis = first / "config" / "genesis.json"
    bulk = folder / "accounts.json"
    bulk.write_text(json.dumps(accounts + more))
    patched = patch_genesis(json.loads(genesis.read_text()))
    patched["initial_height"] = height
    genesis.write_text(json.dumps(patched))
    wasmd(first, "genesis", "bulk-add-genesis-account", str(bulk))
    numbers = number_accounts(genesis)
    signed = first / "config" / "gentx"
    signed.mkdir()
    for number, home in enumerate(homes):
        if home is not first:
            shutil.copyfile(genesis, home / "config" / "genesis.json")
        # At height 1 the SDK takes every account's number to be 0, later it takes the account's own.
        account = numbers[accounts[1 + number]["address"]] if height > 1 else 0
        wasmd(home, "genesis", "gentx", "validator", f"{VALIDATOR_BOND}{DENOM}", "--chain-id", chain_id,
              "--keyring-backend", "test", "--ip", "127.0.0.1", "--offline", "--account-number", str(account),
              "--sequence", "0", "--output-document", str(signed / f"{number}.json"))
    wasmd(first, "genesis", "collect-gentxs")
    if contracts:
        # Last, because every command above would read and write all of it.
        whole = json.loads(genesis.read_text())
        whole["app_state"]["wasm"].update(contracts)
        genesis.write_text(json.dumps(whole))
    wasmd(first, "genesis", "validate")
    for home in homes[1:]:
        shutil.copyfile(genesis, home / "config" / "genesis.json")
    return height


def number_accounts(genesis):
    """Numbers the accounts of a genesis file in their order; {address: number}."""
    whole = json.loads(genesis.read_text())
    accounts = whole["app_state"]["auth"]["accounts"]
    for number, account in enumerate(accounts):
        account["account_number"] = str(number)
    genesis.write_text(json.dumps(whole))
    return {account["address"]: number for number, account in enumerate(accounts)}


def configure(folder, validators, block_ms):
    """Writes every node's settings with free ports; returns [{"rpc": port, ...}] in the validators' order."""
    homes = [folder / str(number) / "home" for number in range(validators)]
    chosen = free_ports(len(PORTS) * validators)
    ports = [dict(zip(PORTS, chosen[start::validators])) for start in range(validators)]
    ids = [node_id(json.loads((home / "config" / "node_key.json").read_text())) for home in homes]
    for number, home in enumerate(homes):
        peers = [f"{ids[other]}@127.0.0.1:{ports[other]['p2p']}" for other in range(validators) if other != number]
        config, app = home / "config" / "config.toml", home / "config" / "app.toml"
        config.write_text(set_toml(config.read_text(), comet_settings(ports[number], peers, block_ms)))
        app.write_text(set_toml(app.read_text(), app_settings(ports[number])))
    return ports


def comet_settings(ports, peers, block_ms):
    return {
        "rpc.laddr": f"tcp://127.0.0.1:{ports['rpc']}",
        "rpc.pprof_laddr": "",
        "rpc.cors_allowed_origins": ["*"],
        "p2p.laddr": f"tcp://127.0.0.1:{ports['p2p']}",
        "p2p.persistent_peers": ",".join(peers),
        "p2p.persistent_peers_max_dial_period": "1s",
        "p2p.addr_book_strict": False,
        "p2p.allow_duplicate_ip": True,
        "p2p.pex": False,
        "p2p.flush_throttle_timeout": "10ms",
        "consensus.timeout_propose": "1s",
        "consensus.timeout_commit": f"{block_ms}ms",
        "consensus.peer_gossip_sleep_duration": "20ms",
    }


def app_settings(ports):
    return {
        "minimum-gas-prices": GAS_PRICE + DENOM,
        "api.enable": True,
        "api.address": f"tcp://127.0.0.1:{ports['rest']}",
        "api.enabled-unsafe-cors": True,
        "grpc.enable": True,
        "grpc.address": f"127.0.0.1:{ports['grpc']}",
        "wasm.memory_cache_size": 64,
    }
