"""The other side of the learning bench: the same steps and the same decoding in transformers.

bench_transformers.py FOLDER THREADS TOKENS

FOLDER is what `learn prepare` of tests/benches wrote: weights, batches, learning rates. MixtralForCausalLM runs as
transformers ships it (its default experts, sdpa attention), with fused AdamW. Prints one line of JSON.
"""

import json
import os
import sys
import time
from pathlib import Path

import torch
import transformers
from torch.nn.functional import cross_entropy


def load(folder):
    """transformers' own loader turns a Mixtral checkpoint's experts into its grouped tensors."""
    sizes = json.loads((folder / "config.json").read_text())
    config = transformers.MixtralConfig(**sizes, sliding_window=None, eos_token_id=None)
    return transformers.MixtralForCausalLM.from_pretrained(folder, config=config, dtype=torch.float32)


def train(model, folder, run):
    rows, window = run["rows"], run["context"] + 1
    batches = torch.frombuffer(bytearray((folder / "batches.bin").read_bytes()), dtype=torch.uint8).long()
    batches = batches.view(run["steps"], rows, window)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=1.0, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.0, fused=True
    )
    losses, seconds = [], []
    model.train()
    for batch, rate in zip(batches, run["rates"]):
        begun = time.perf_counter()
        for group in optimizer.param_groups:
            group["lr"] = rate
        logits = model(input_ids=batch[:, :-1], use_cache=False).logits
        loss = cross_entropy(logits.flatten(0, 1), batch[:, 1:].flatten())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        losses.append(loss.item())
        seconds.append(time.perf_counter() - begun)
    return losses, seconds


def decode(model, prompt, tokens):
    model.eval()
    ids = torch.tensor([prompt])

    def generate(count):
        with torch.inference_mode():
            out = model.generate(
                ids, attention_mask=torch.ones_like(ids), max_new_tokens=count, do_sample=False, use_cache=True
            )
        return out[0, len(prompt):].tolist()

    generate(8)  # once to warm up, as on the other side
    begun = time.perf_counter()
    decoded = generate(tokens)
    return decoded, time.perf_counter() - begun


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    folder, threads, tokens = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    torch.set_num_threads(threads)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    run = json.loads((folder / "run.json").read_text())
    model = load(folder)
    losses, seconds = train(model, folder, run)
    decoded, decode_seconds = decode(model, run["prompt"], tokens)
    print(json.dumps({
        "threads": threads, "wait_policy": os.environ.get("OMP_WAIT_POLICY", "default"), "losses": losses, "step_seconds": seconds, "decoded": decoded,
        "decode_seconds": decode_seconds, "experts": model.config._experts_implementation,
    }))


if __name__ == "__main__":
    main()
