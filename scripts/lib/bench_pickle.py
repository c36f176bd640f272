"""Times torch.load of the tensors of a safetensors file, as a pickle: bench_pickle.py FILE.safetensors

Prints one line of JSON: seconds of the fastest load, read whole (torch's default) and mapped.
"""

import json
import sys
import time
from pathlib import Path

import torch
from safetensors.torch import load_file


def fastest(work, seconds):
    spent = []
    while len(spent) < 5 or sum(spent) < seconds:
        begun = time.perf_counter()
        work()
        spent.append(time.perf_counter() - begun)
    return min(spent)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    torch.set_num_threads(1)
    path = Path(sys.argv[1])
    pickle = path.with_suffix(".pt")
    torch.save(load_file(path), pickle)
    out = {
        "whole": fastest(lambda: torch.load(pickle), 3.0),
        "mapped": fastest(lambda: torch.load(pickle, mmap=True), 1.0),
    }
    pickle.unlink()
    print(json.dumps(out))


if __name__ == "__main__":
    main()
