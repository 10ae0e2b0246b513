"""Real tokens a second that LLaMA-2 7B's shape is trained on by QLoRA, and how little memory suffices.

    python -m benchmarks.llama_training [--shape tiny] [--steps N]

Random weights in NF4, LoRA r 16 on all linear layers, lengths of real comments; forward, backward and update as in
`moderato train`. With and without checkpointing at full batches, then the smallest batch with an 8-bit optimiser.
"""

import argparse
import gc
import json
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import random_llama as llama
from core.scoring.batching import pad_right, plan_batches
from core.scoring.forward import is_out_of_memory, pick_device, six_logits
from training.adapter import add_adapter, build_optimizer, trainable
from training.config import AdapterConfig, LossConfig, StepsConfig
from training.losses import six_losses

GOAL = 12_000
"""Real tokens a second on an H200."""


def main() -> None:
    """Measure and print one JSON line last."""
    options = _options()
    device = pick_device()
    limit = llama.matmul_tflops(device)
    print(f"{device}: bf16 matrix product {limit:.1f} TFLOP/s", flush=True)
    ways = [
        {"way": "plain", "checkpointing": False, "tokens": options.tokens, "optimizer": "adamw"},
        {"way": "checkpointing", "checkpointing": True, "tokens": options.tokens, "optimizer": "adamw"},
        {"way": "smallest", "checkpointing": True, "tokens": 256, "optimizer": "paged_adamw8bit"},
    ]
    results = [_measure(way, options, device) for way in ways]
    for result in results:
        result["of_limit"] = round(result.get("tokens_per_s", 0) * result.get("flops_per_token", 0) / limit / 1e12, 3)
    best = max(results, key=lambda result: result.get("tokens_per_s", 0))
    line = {"name": "llama_training", "value": best["tokens_per_s"], "unit": f"real tokens/s, {options.shape} by QLoRA"}
    line |= {"floor": GOAL, "target": GOAL} if options.shape == "7b" else {}
    facts = {"device": device, "matmul_tflops": round(limit, 2), "smallest_gb": results[-1].get("peak_gb")}
    print(json.dumps({**line, "shape": options.shape, **facts, "all": results}))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "--shape",
        choices=[name for name in llama.SHAPES if not llama.has_experts(name)],
        default=llama.default_shape(pick_device()),
    )
    parser.add_argument("--steps", type=int, default=0)
    parser.add_argument("--tokens", type=int, default=0, help="tokens of a step, padding included")
    parser.add_argument("--max-tokens", type=int, default=256)
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that the script works")
    options = parser.parse_args()
    options.shape = "tiny" if options.quick else options.shape
    options.steps = options.steps or (2 if options.shape == "tiny" else 12)
    options.tokens = options.tokens or (512 if options.shape == "tiny" else 8192)
    return options


def _measure(way: dict[str, Any], options: argparse.Namespace, device: str) -> dict[str, Any]:
    """One way, on a model of its own; a way that does not fit says so and the others still run."""
    gc.collect()
    llama.forget_peak(device)
    try:
        found = _train(way, options, device)
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        found = {"problem": "out of memory"}
    print(json.dumps({**way, **found}), flush=True)
    return {**way, **found}


def _train(way: dict[str, Any], options: argparse.Namespace, device: str) -> dict[str, Any]:
    import torch

    torch.manual_seed(0)
    model = add_adapter(llama.build(options.shape, device), AdapterConfig(), checkpointing=way["checkpointing"])
    model.train()
    optimizer = build_optimizer(model, StepsConfig(optimizer=way["optimizer"]))
    rows = llama.comments(4096, llama.SHAPES[options.shape]["vocab_size"], options.max_tokens)
    plan = plan_batches([len(row) for row in rows], way["tokens"])
    chosen = [plan[int(i)] for i in torch.linspace(0, len(plan) - 1, options.steps + 1).round().tolist()]
    losses, tokens, began, comments = [], 0, time.perf_counter(), 0
    for number, batch in enumerate([chosen[0], *chosen]):
        if number == 1:  # the first one warms up
            llama.synchronise(device)
            tokens, comments, began = 0, 0, time.perf_counter()
        losses.append(_step(model, optimizer, [rows[i] for i in batch], device))
        tokens += sum(len(rows[i]) for i in batch)
        comments += len(batch)
    llama.synchronise(device)
    seconds = time.perf_counter() - began
    padded = sum(len(batch) * max(len(rows[i]) for i in batch) for batch in chosen)
    return {
        "tokens_per_s": round(tokens / seconds),
        "comments_per_s": round(comments / seconds, 1),
        "useful_tokens": round(tokens / padded, 3),
        # forward, and backward to the activations: frozen weights have no gradient. What checkpointing computes again
        # is no work
        "flops_per_token": round(2 * llama.flops_per_token(options.shape, tokens / comments)),
        "peak_gb": round(llama.peak_gb(device), 2),
        "trainable": sum(weight.numel() for weight in trainable(model).values()),
        "losses": [round(losses[0], 3), round(losses[-1], 3)],
    }


def _step(model: Any, optimizer: Any, rows: list[list[int]], device: str) -> float:
    import torch

    ids, lengths = (torch.from_numpy(array).to(device) for array in pad_right(rows, 0))
    truth = (torch.arange(len(rows) * 6, device=device).reshape(-1, 6) % 10 == 0).float()
    logits = six_logits(model, ids, lengths, causal=True, autocast=True)
    loss = six_losses(logits, truth, torch.ones(6, device=device), LossConfig()).mean()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(list(trainable(model).values()), 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return float(loss.detach())


if __name__ == "__main__":
    main()
