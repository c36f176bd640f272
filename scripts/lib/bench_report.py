"""Turns what scripts/bench measured into docs/benchmarks.md.

Reads criterion's samples under TARGET/criterion and the facts under TARGET/tmp/benches; a side that was not run has
no file, and its row says so.
"""

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
from datetime import date
from itertools import product
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Steps at the start of a run that are not counted: memory is being taken and caches are cold.
WARM_UP = 2
# Largest relative difference of two losses at which both sides did the same work.
SAME_WORK = 1e-2


class Results:
    def __init__(self, target):
        self.criterion = target / "criterion"
        self.facts = target / "tmp" / "benches"

    def seconds(self, *names):
        """An iteration's time in the fastest of a criterion bench's samples: other load only ever adds to it."""
        path = self.criterion.joinpath(*map(str, names), "new", "sample.json")
        if not path.exists():
            return None
        sample = json.loads(path.read_text())
        return min(spent / count for spent, count in zip(sample["times"], sample["iters"])) / 1e9

    def fact(self, name):
        path = self.facts / f"{name}.json"
        return json.loads(path.read_text()) if path.exists() else None

    def runs(self, preset, side, threads):
        path = self.facts / f"learn-{preset}" / f"{side}.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        return [run for run in map(json.loads, lines) if run["threads"] == threads]


def time(seconds):
    if seconds is None:
        return "not run"
    for unit, size in (("s", 1), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def times(ratio):
    return f"{ratio:.3f} ×" if ratio < 10 else f"{ratio:,.0f} ×".replace(",", " ")


def bandwidth(size, seconds):
    return "not run" if seconds is None else f"{size / seconds / 1e9:.2f} GB/s"


class Table:
    def __init__(self, *columns):
        self.lines = ["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]

    def row(self, *cells):
        self.lines.append("| " + " | ".join(map(str, cells)) + " |")

    def compare(self, what, ours, theirs, ratio, target, least=None, most=None):
        """A row with a ratio beside its target; `ratio` is None where a side was not run."""
        if ratio is None:
            self.row(what, ours, theirs, "–", target, "not run")
            return
        met = (least is None or ratio >= least) and (most is None or ratio <= most)
        verdict = ("met" if met else "**missed**") if (least, most) != (None, None) else "–"
        self.row(what, ours, theirs, times(ratio), target, verdict)

    def __str__(self):
        return "\n".join(self.lines)


def over(a, b):
    return None if a is None or b is None else a / b


def tensorblock(r):
    table = Table("what", "Lyceum", "other", "ratio", "target", "")
    for name, what in (("large", "open 24 tensors of 2 MiB"), ("many", "open 1 000 tensors of 4 KiB")):
        ours, other = r.seconds(f"open_{name}", "lyceum"), r.seconds(f"open_{name}", "safetensors")
        label = f"{time(other)} (safetensors, mmap)"
        table.compare(f"{what}: time", time(ours), label, over(ours, other), "≤ 1.05 ×", most=1.05)
    pickle, ours = r.fact("pickle"), r.seconds("open_large", "lyceum")
    for key, label, least in (("whole", "torch.load", 10), ("mapped", "torch.load, mmap=True", None)):
        other = pickle and pickle[key]
        target = "≥ 10 ×" if least else "none"
        table.compare("open the 24: speed", time(ours), f"{time(other)} ({label})", over(other, ours), target, least)
    size = (r.fact("stream") or {"bytes": 0})["bytes"]
    other = r.seconds("verify", "blake3")
    for key, what, least in (("lyceum", "verify 64 MiB: bandwidth", 0.9), ("sidecar", "verify and make the sidecar", None)):
        ours, label = r.seconds("verify", key), f"{bandwidth(size, other)} (blake3)"
        target = "≥ 0.9 ×" if least else "none"
        table.compare(what, bandwidth(size, ours), label, over(other, ours), target, least)
    for key, what, label, least in (
        ("libp2p", "stream with proofs, libp2p on this machine", "plain bytes, same connection", 0.9),
        ("tcp", "stream with proofs, TCP on this machine", "plain bytes, same way", None),
        ("memory", "stream with proofs, in memory", "two plain copies", None),
    ):
        ours, other = r.seconds(key, "verified"), r.seconds(key, "copy")
        target = "≥ 0.9 ×" if least else "none"
        other_label = f"{bandwidth(size, other)} ({label})"
        table.compare(what, bandwidth(size, ours), other_label, over(other, ours), target, least)
    facts = r.fact("stream")
    if facts:
        share = facts["proofs"] / facts["bytes"] * 100
        verdict = "met" if share < 1 else "**missed**"
        table.row("proofs of a stream: bytes", facts["proofs"], f"{facts['bytes']} (data)", f"{share:.2f} %", "< 1 %", verdict)
    return table


def delta(r):
    table = Table("touched tiles of 4 096", "sidecar updated", "a tile", "whole file hashed (blake3)", "ratio")
    whole = r.seconds("delta", "whole")
    for tiles in (1, 16, 256):
        ours = r.seconds("delta", "tiles", tiles)
        ratio = over(whole, ours)
        table.row(tiles, time(ours), time(over(ours, tiles)), time(whole), times(ratio) if ratio else "–")
    return table


def accumulator(r):
    table = Table("blocks", "check newest", "check one in the middle", "prove", "append")
    for count in (1000, 100_000, 1_000_000):
        cells = [time(r.seconds("accumulator", name, count)) for name in ("check_newest", "check_middle", "prove", "append")]
        table.row(f"{count:,}".replace(",", " "), *cells)
    against = Table("what", "Lyceum", "other", "ratio", "target", "")
    check = r.seconds("accumulator", "check_middle", 1000)
    for key, label in (("history_hashed", "hashed in memory"), ("history_replayed", "replayed from storage")):
        other = r.seconds("accumulator", key)
        text = f"{time(other)} (history {label})"
        against.compare("check a block among 1 000", time(check), text, over(other, check), "≥ 100 ×", 100)
    large = r.seconds("accumulator", "check_middle", 1_000_000)
    target = "“flat”, taken as O(log n): ≤ 2.1 ×"
    against.compare("the same among 1 000 000", time(large), f"{time(check)} (among 1 000)", over(large, check), target, most=2.1)
    for seats in (5, 11):
        ours, other = r.seconds("sortition", "lyceum", seats), r.seconds("sortition", "all_weights", seats)
        text = f"{time(other)} (reading every weight)"
        against.compare(f"draw {seats} seats of 1 500 nodes: speed", time(ours), text, over(other, ours), "none")
    return table, against


def learning(r):
    table = Table("what", "Lyceum", "transformers", "ratio", "target", "")
    notes = []
    targets = {"demo": (1.25, 6), "large": (1.2, 2)}
    for preset, (train_target, decode_target) in targets.items():
        folder = r.facts / f"learn-{preset}" / "run.json"
        if not folder.exists():
            notes.append(f"The {preset} model was not run.")
            continue
        run = json.loads(folder.read_text())
        size = f"{run['parameters'] / 1e6:.3g} M"
        for threads in (1, 2):
            ours, theirs = r.runs(preset, "lyceum", threads), r.runs(preset, "transformers", threads)
            tokens = run["rows"] * run["context"]
            a, b = (best(side, lambda runs: step_speed(runs, tokens)) for side in (ours, theirs))
            what = f"{size}, {threads} thread{'s' * (threads > 1)}: "
            labels = lambda x: "not run" if x is None else f"{x:,.0f} tokens/s".replace(",", " ")
            least = f"≥ {train_target} ×"
            table.compare(what + "training", labels(a), labels(b), over(a, b), least, train_target)
            a, b = best(ours, decode_speed), best(theirs, decode_speed)
            least = f"≥ {decode_target} ×"
            table.compare(what + "decoding", labels(a), labels(b), over(a, b), least, decode_target)
        pairs = [
            pair
            for threads in (1, 2)
            for pair in product(r.runs(preset, "lyceum", threads), r.runs(preset, "transformers", threads))
        ]
        if pairs:
            notes.append(same_work(size, pairs))
    return table, notes


def best(runs, speed):
    """The speed under whichever OpenMP wait policy suits a side best; a side may have been run under several."""
    policies = {run["wait_policy"] for run in runs}
    return max((speed([run for run in runs if run["wait_policy"] == policy]) for policy in policies), default=None)


def step_speed(runs, tokens):
    seconds = [s for run in runs for s in run["step_seconds"][WARM_UP:]]
    return tokens / statistics.median(seconds)


def decode_speed(runs):
    return statistics.median(len(run["decoded"]) / run["decode_seconds"] for run in runs)


def same_work(size, pairs):
    """Over every run of one side with every run of the other."""
    apart = max(abs(a - b) / b for ours, theirs in pairs for a, b in zip(ours["losses"], theirs["losses"], strict=True))
    agree = min(sum(a == b for a, b in zip(ours["decoded"], theirs["decoded"])) for ours, theirs in pairs)
    ours, theirs = pairs[0]
    first, last = ours["losses"][0], ours["losses"][-1]
    verdict = "the same work" if apart <= SAME_WORK else "**not the same work: do not compare**"
    return (
        f"{size}: losses {first:.3f} → {last:.3f}, at most {apart:.1e} apart (relative): {verdict}; "
        f"{agree} of {len(ours['decoded'])} decoded tokens agree; experts: `{theirs['experts']}`."
    )


def machine():
    text = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    model = re.search(r"^model name\s*:\s*(.+)$", text, re.M)
    flags = re.search(r"^flags\s*:\s*(.+)$", text, re.M)
    simd = [f for f in ("avx2", "avx512f", "amx_bf16") if flags and f in flags[1].split()]
    name = model[1] if model else platform.processor() or "unknown CPU"
    return f"{name}, {os.cpu_count()} cores, {' '.join(simd) or 'no AVX'}, {platform.system()} {platform.machine()}"


def crates(*names):
    lock = (ROOT / "Cargo.lock").read_text()
    # Where there are several versions, ours is the newest; the others are dependencies'.
    found = {name: re.findall(rf'name = "{name}"\nversion = "(\d+)\.(\d+)\.(\d+)', lock) for name in names}
    return ", ".join(f"{name} {'.'.join(max(v, key=lambda x: [*map(int, x)]))}" for name, v in found.items() if v)


def output(*command):
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--command", required=True)
    parser.add_argument("--load", nargs=2, required=True)
    parser.add_argument("--python", required=True)
    parser.add_argument("target", type=Path)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    r = Results(args.target)
    counts, against = accumulator(r)
    learn, notes = learning(r)
    page = TEMPLATE.format(
        command=args.command, date=date.today(), commit=output("git", "describe", "--always", "--dirty"),
        machine=machine(), load=" and ".join(args.load), rust=output("rustc", "--version"), python=args.python,
        crates=crates("safetensors", "blake3", "bao-tree", "cosmwasm-std", "tch", "criterion"),
        tensorblock=tensorblock(r), delta=delta(r), counts=counts, against=against, learn=learn,
        notes="\n".join(f"- {note}" for note in notes),
    )
    args.out.write_text(page)


TEMPLATE = """# Benchmarks

Made by `{command}` on {date} at {commit}; every ratio is of two sides measured in that one run on one machine. The
targets are the design's. Run it again rather than trust these numbers elsewhere.

- machine: {machine}
- load average (1 minute) at its start and end: {load}, of which a bench itself is 1 to 2
- {rust}; {crates}
- Python's side: {python}
- times are those of the fastest sample, as other load only adds to them; speeds of learning are medians

## Tensor blocks

{tensorblock}

- Opening maps a file and checks header and table; it does not read the tensors, and neither does safetensors.
  `torch.load` by default reads them.
- All hash on one thread. Verifying is parsing the format and computing the content root.
- Streams hash every tile twice, once at each end. TCP without a link between costs nearly nothing, so the proofs' share
  is near its largest there; libp2p's side has Noise and Yamux on both, and the target is set for it.

## A change of some tiles

64 MiB; the tiles lie evenly over the file, so they share as few ancestors as they can.

{delta}

## Accumulator and draw

In cosmwasm's `MockStorage`: the cost of computing, without a chain's disk or gas. An append is the mean over a
thousand.

{counts}

{against}

## Learning

CPU, fp32, everything trained, 4 windows of 256 tokens a step, AdamW, clipping; decoding greedily after a prompt of 16
tokens with a cache. Both sides take the same weights, batches, learning rates and number of threads; transformers
runs MixtralForCausalLM as it ships, with fused AdamW. Lyceum's threads wait passively, as its nodes' do; transformers
ran both passively and with OpenMP's default, and the faster counts for it. The sides took turns.

{learn}

{notes}

## Not measured here

Training on a GPU, bytes exchanged per parameter, size of contracts, failover, set-up time. Gas is in [gas.md](gas.md). The share
of steps that committees do again is in every demo's `report.json`.
"""


if __name__ == "__main__":
    main()
