"""Real tokens and comments a second that LLaMA-2 7B's shape scores, against what the device's matrix product allows.

    python -m benchmarks.llama_scoring [--shape tiny] [--comments N] [--budgets 4096 16384]

Random weights, lengths of real comments. The model in NF4 with its adapter beside it, then dequantised to bf16. The
scorer's own engine runs: batches sorted by length, padded on the right, no mask; packed is the same without padding.
"""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import random_llama as llama
from core.scoring.batching import Budget, plan_batches
from core.scoring.forward import Runner, pick_device
from core.scoring.quantization import dequantise
from training.adapter import add_adapter
from training.config import AdapterConfig

GOAL = 40_000
"""Real tokens a second in bf16 on an H200."""


def main() -> None:
    """Measure and print one JSON line last."""
    options = _options()
    device, shape = pick_device(), options.shape
    limit = llama.matmul_tflops(device)
    rows = llama.comments(options.comments, llama.SHAPES[shape]["vocab_size"], options.max_tokens)
    tokens = sum(map(len, rows))
    allowed = limit * 1e12 / llama.flops_per_token(shape, tokens / len(rows))
    print(f"{device}: bf16 matrix product {limit:.1f} TFLOP/s, which allows {allowed:,.0f} tokens/s", flush=True)
    results = []
    model = llama.build(shape, device)
    adapted = add_adapter(model, AdapterConfig(), checkpointing=False).eval()
    results += [_sorted("nf4 + adapter", adapted, rows, size, device) for size in options.budgets]
    merged = adapted.unload()
    dequantise(merged)
    results += [_sorted("bf16", merged, rows, size, device) for size in options.budgets]
    results += [_packed("bf16 packed", merged, rows, size, device) for size in options.packed]
    for result in results:
        result["of_limit"] = round(result["tokens_per_s"] / allowed, 3)
        print(json.dumps(result), flush=True)
    best = max((r for r in results if r["way"].startswith("bf16")), key=lambda r: r["tokens_per_s"])
    line = {"name": "llama_scoring", "value": best["tokens_per_s"], "unit": f"real tokens/s, {shape} in bf16"}
    line |= {"floor": GOAL, "target": GOAL} if shape == "7b" else {}
    facts = {"device": device, "matmul_tflops": round(limit, 2), "mean_tokens": round(tokens / len(rows), 1)}
    print(json.dumps({**line, "shape": shape, **facts, "best": best, "all": results}))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--shape", choices=llama.SHAPES, default=llama.default_shape(pick_device()))
    parser.add_argument("--comments", type=int, default=0)
    parser.add_argument("--max-tokens", type=int, default=256)
    parser.add_argument("--budgets", type=int, nargs="+", default=[4096, 16384, 32768])
    parser.add_argument("--packed", type=int, nargs="*", default=[2048, 8192])
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that the script works")
    options = parser.parse_args()
    if options.quick or options.shape == "tiny":
        options.budgets, options.packed = [512, 2048], [512]
    options.shape = "tiny" if options.quick else options.shape
    options.comments = options.comments or (64 if options.shape == "tiny" else 4096)
    return options


def _sorted(way: str, model: Any, rows: list[list[int]], size: int, device: str) -> dict[str, Any]:
    autocast = way.startswith("nf4")
    runner = Runner(model, device, causal=True, autocast=autocast, pad=0, budget=Budget(size))
    lengths = [len(row) for row in rows]
    padded = sum(len(batch) * max(lengths[i] for i in batch) for batch in plan_batches(lengths, size))
    return _measured(way, lambda: runner.logits(rows), rows, size, device, padded, runner.budget)


def _packed(way: str, model: Any, rows: list[list[int]], size: int, device: str) -> dict[str, Any]:
    """Rows one after another without padding; positions that begin anew tell attention where each row ends."""
    import torch

    groups: list[list[list[int]]] = [[]]
    for row in rows:
        if groups[-1] and sum(map(len, groups[-1])) + len(row) > size:
            groups.append([])
        groups[-1].append(row)

    def work() -> None:
        with torch.inference_mode():
            for group in groups:
                ids = torch.tensor([[token for row in group for token in row]], device=device)
                places = torch.tensor([[place for row in group for place in range(len(row))]], device=device)
                ends = torch.tensor([len(row) for row in group], device=device).cumsum(0) - 1
                # no attention_mask and no cache: either would switch the separation of rows off, without an error
                states = model.base_model(input_ids=ids, position_ids=places, use_cache=False).last_hidden_state[0]
                model.score(states[ends].float()).cpu()

    return _measured(way, work, rows, size, device, sum(map(len, rows)), None)


def _measured(
    way: str, work: Callable[[], Any], rows: list[list[int]], size: int, device: str, padded: int, used: Budget | None
) -> dict[str, Any]:
    tokens = sum(map(len, rows))
    llama.forget_peak(device)
    seconds = llama.timed(work, device, repeats=2)
    return {
        "way": way,
        "budget": used.tokens if used else size,
        "tokens_per_s": round(tokens / seconds),
        "comments_per_s": round(len(rows) / seconds, 1),
        "useful_tokens": round(tokens / padded, 3),
        "peak_gb": round(llama.peak_gb(device), 2),
    }


if __name__ == "__main__":
    main()
