"""Local chains: the commands of scripts/localnet, whose header says what each does."""

import argparse
import json
import os
import signal
import sys
import time
from pathlib import Path

import localnet_build
from localnet_genesis import Failed
from localnet_network import Network, bring_back, height_of, log_tail, make_fresh, start_chain, start_one
from localnet_process import identify, stop, write_json


def asked_for(options):
    return {"chains_count": options.chains, "validators": options.validators, "block_ms": options.block_time,
            "state": str(options.state.resolve()) if options.state else None}


def same(state, asked):
    return all(state.get(key) == value for key, value in asked.items())


def in_words(state):
    return (f"{state['chains_count']} chain(s), {state['validators']} validator(s), {state['block_ms']} ms a block"
            + (f", the state of {state.get('state')}" if state.get('state') else ""))


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


def of_first_chain(pick):
    """A command that prints one value of the first chain."""
    def run(net, _):
        if not net.file.exists():
            raise Failed("nothing is up; run scripts/localnet up first")
        print(pick(net.describe()["chains"][0]))
        return 0
    return run


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
    made.add_argument("--state", type=Path)
    made.add_argument("--owner", type=number_between(1, 1 << 30))
    command("down", down)
    command("status", status)
    command("rpc", of_first_chain(lambda chain: chain["rpc"][0]))
    command("words", of_first_chain(lambda chain: chain["faucet"]["mnemonic"]))
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
