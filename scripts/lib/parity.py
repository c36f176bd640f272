"""Holds lyceum-learn against transformers' MixtralForCausalLM.

parity.py golden DIR   writes the tiny golden files that `cargo test -p lyceum-learn` checks
parity.py live DIR     writes a demo-sized checkpoint, inputs and logits for a live comparison
"""

import json
import sys
from pathlib import Path

import torch
import transformers
from safetensors.torch import save_file

TINY = dict(
    vocab_size=256, hidden_size=16, intermediate_size=12, num_hidden_layers=2, num_attention_heads=4,
    num_key_value_heads=2, num_local_experts=4, num_experts_per_tok=2, max_position_embeddings=32,
)
DEMO = dict(
    vocab_size=256, hidden_size=128, intermediate_size=256, num_hidden_layers=2, num_attention_heads=4,
    num_key_value_heads=2, num_local_experts=4, num_experts_per_tok=2, max_position_embeddings=256,
)


def build(sizes, seed):
    torch.manual_seed(seed)
    config = transformers.MixtralConfig(
        **sizes, rms_norm_eps=1e-5, rope_theta=10000.0, sliding_window=None, tie_word_embeddings=False,
        attn_implementation="sdpa",
    )
    model = transformers.MixtralForCausalLM(config).eval()
    # Initial weights give logits near zero; spread them, so that an error anywhere shows in the logits.
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * (0.1 if parameter.dim() > 1 else 0.2))
    return config, model


def write(folder, sizes, rows, positions, seed):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    config, model = build(sizes, seed)
    ids = torch.randint(0, 256, (rows, positions))
    with torch.no_grad():
        logits = model(input_ids=ids).logits
    # save_pretrained writes the names and shapes that Mixtral checkpoints have on disk.
    model.save_pretrained(folder, safe_serialization=True)
    (folder / "generation_config.json").unlink(missing_ok=True)
    save_file({"ids": ids.to(torch.int64), "logits": logits.float().contiguous()}, folder / "io.safetensors")
    made = {"torch": torch.__version__, "transformers": transformers.__version__, "seed": seed}
    (folder / "made.json").write_text(json.dumps(made, indent=1) + "\n")
    print(f"{folder}: logits {tuple(logits.shape)}, largest {logits.abs().max():.3f}")


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in ("golden", "live"):
        sys.exit(__doc__)
    torch.set_num_threads(1)
    if sys.argv[1] == "golden":
        write(sys.argv[2], TINY, 2, 24, 7)
    else:
        write(sys.argv[2], DEMO, 4, 256, 11)


if __name__ == "__main__":
    main()
