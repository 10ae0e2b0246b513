"""What Mixtral 8x7B's shape takes, calculated anywhere, and measured where a GPU has room for it in 4 bits.

    python -m benchmarks.mixtral_shape [--shape tiny-mixtral] [--comments N]

Random weights with experts in NF4, the adapter on the attention as in the preset; lengths of real comments.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import random_llama as llama
from benchmarks.llama_scoring import measure
from core.scoring.forward import free_bytes, pick_device
from training.adapter import add_adapter

NF4_BYTES: Final = 1 / 2 + 1 / 64 + 4 / (64 * 256)
"""A weight's: 4 bits, a byte of scale for 64 of them, and 4 bytes for 256 scales (QLoRA's double quantisation)."""
_ROOM: Final = 1.15
"""Memory to have over the weights': one layer's experts in bf16 while they are quantised, and a batch."""


def main() -> None:
    """Calculate, measure where that can be, print one JSON line last."""
    options = _options()
    device, shape = pick_device(), options.shape
    facts = calculated(shape)
    line = {"name": "mixtral_shape", "value": facts["nf4_gb"], "unit": f"GB in NF4, {shape}, calculated"}
    free = free_bytes(device)
    if shape not in llama.TINY and (device == "cpu" or not free or free < _ROOM * facts["nf4_gb"] * 1e9):
        line["measured"] = f"not on this {device}: it needs a GPU with {_ROOM * facts['nf4_gb']:.0f} GB free"
    else:
        line["measured"] = measured(options, device)
    print(json.dumps({**line, "device": device, "shape": shape, **facts}))


def calculated(shape: str) -> dict[str, Any]:
    """Sizes in GB and work in GFLOP, from the shape alone."""
    s = llama.SHAPES[shape]
    hidden, layers = s["hidden_size"], s["num_hidden_layers"]
    layer = llama.layer_weights(shape)
    router = hidden * s["num_local_experts"]
    experts = layer - llama.layer_weights(shape, experts=0)
    whole = (
        s["vocab_size"] * hidden + layers * (router + 2 * hidden) + hidden
    )  # embedding, routers, norms: not in 4 bits
    return {
        "weights": whole + layers * (layer - router),
        "weights_a_token_meets": layers * llama.layer_weights(shape, experts=s["num_experts_per_tok"]),
        "nf4_gb": round((layers * (layer - router) * NF4_BYTES + 2 * whole) / 1e9, 3),
        "nf4_experts_gb": round(layers * experts * NF4_BYTES / 1e9, 3),
        "nf4_attention_only_gb": round(
            (layers * ((layer - router - experts) * NF4_BYTES + 2 * experts) + 2 * whole) / 1e9, 3
        ),
        "bf16_gb": round(2 * (whole + layers * (layer - router)) / 1e9, 3),
        "gflop_per_token": round(llama.flops_per_token(shape, 85) / 1e9, 3),
    }


def measured(options: argparse.Namespace, device: str) -> dict[str, Any]:
    """Scoring in NF4 with the adapter beside it: tokens/s, comments/s, share of the bf16 limit, peak memory."""
    limit = llama.matmul_tflops(device)
    rows = llama.comments(options.comments, llama.SHAPES[options.shape]["vocab_size"], 256)
    adapter = llama.adapter_for(options.shape)
    model = add_adapter(llama.build(options.shape, device), adapter, checkpointing=False).eval()
    found = measure("nf4 + adapter", model, rows, options.budget, device)
    allowed = limit * 1e12 / llama.flops_per_token(options.shape, sum(map(len, rows)) / len(rows))
    return {**found, "matmul_tflops": round(limit, 2), "of_limit": round(found["tokens_per_s"] / allowed, 3)}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    shapes = [name for name in llama.SHAPES if llama.has_experts(name)]
    parser.add_argument("--shape", choices=shapes, default="mixtral")
    parser.add_argument("--comments", type=int, default=0)
    parser.add_argument("--budget", type=int, default=0, help="tokens at once")
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that the script works")
    options = parser.parse_args()
    options.shape = "tiny-mixtral" if options.quick else options.shape
    options.comments = options.comments or (32 if options.shape in llama.TINY else 2048)
    options.budget = options.budget or (512 if options.shape in llama.TINY else 16384)
    return options


if __name__ == "__main__":
    main()
