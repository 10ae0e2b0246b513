"""Real tokens and comments a second that LLaMA-2 7B's shape scores, against what the device's matrix product allows.

    python -m benchmarks.llama_scoring [--shape tiny] [--comments N] [--budgets 4096 16384]

Random weights, lengths of real comments. The model in NF4 with its adapter beside it, then dequantised to bf16 as after
merging, then in fp8 where the device has it. The scorer's own engine runs, sorted (batches of like length, padded on
the right) against packed (one after another without padding). Shares are of the bf16 product's limit.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import random_llama as llama
from core.scoring.batching import Budget, plan_batches
from core.scoring.forward import Runner, pick_device
from core.scoring.fp8 import to_fp8
from core.scoring.packed import require_apart
from core.scoring.quantization import dequantise
from training.adapter import add_adapter

GOAL = 40_000
"""Real tokens a second in bf16 on an H200."""


def main() -> None:
    """Measure and print one JSON line last."""
    options = _options()
    device, shape = pick_device(), options.shape
    limit, fp8 = llama.matmul_tflops(device), llama.fp8_tflops(device)
    rows = llama.comments(options.comments, llama.SHAPES[shape]["vocab_size"], options.max_tokens)
    tokens = sum(map(len, rows))
    allowed = limit * 1e12 / llama.flops_per_token(shape, tokens / len(rows))
    print(f"{device}: bf16 matrix product {limit:.1f} TFLOP/s, which allows {allowed:,.0f} tokens/s", flush=True)
    adapted = add_adapter(llama.build(shape, device), llama.adapter_for(shape), checkpointing=False).eval()
    results = _measured("nf4 + adapter", adapted, rows, options, device, allowed)
    merged = adapted.unload()
    dequantise(merged)
    results += _measured("bf16", merged, rows, options, device, allowed)
    if fp8:
        results += _measured("fp8", to_fp8(merged), rows, options, device, allowed)
    best = max((r for r in results if r["way"].startswith("bf16")), key=lambda r: r["tokens_per_s"])
    line = {"name": "llama_scoring", "value": best["tokens_per_s"], "unit": f"real tokens/s, {shape} in bf16"}
    line |= {"floor": GOAL, "target": GOAL} if shape == "7b" else {}
    facts = {
        "device": device,
        "matmul_tflops": round(limit, 2),
        "fp8_tflops": fp8 and round(fp8, 2),
        "mean_tokens": round(tokens / len(rows), 1),
    }
    print(json.dumps({**line, "shape": shape, **facts, "best": best, "all": results}))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "--shape",
        choices=[name for name in llama.SHAPES if not llama.has_experts(name)],
        default=llama.default_shape(pick_device()),
    )
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


def _measured(
    way: str, model: Any, rows: list[list[int]], options: argparse.Namespace, device: str, allowed: float
) -> list[dict[str, Any]]:
    """Sorted with every budget, then packed."""
    found = [measure(way, model, rows, size, device) for size in options.budgets]
    found += [measure(way, model, rows, size, device, packed=True) for size in options.packed]
    for result in found:
        result["of_limit"] = round(result["tokens_per_s"] / allowed, 3)
        print(json.dumps(result), flush=True)
    return found


def measure(
    way: str, model: Any, rows: list[list[int]], size: int, device: str, *, packed: bool = False
) -> dict[str, Any]:
    """Real tokens and comments a second, the share of tokens that are real, and the most memory held."""
    runner = Runner(
        model, device, causal=True, autocast=way.startswith("nf4"), pad=0, budget=Budget(size), packed=packed
    )
    if packed:
        require_apart(runner)
    lengths, tokens = [len(row) for row in rows], sum(map(len, rows))
    computed = sum(len(batch) * max(lengths[i] for i in batch) for batch in plan_batches(lengths, size))
    llama.forget_peak(device)
    seconds = llama.timed(lambda: runner.logits(rows), device, repeats=2)
    return {
        "way": f"{way} packed" if packed else way,
        "budget": runner.budget.tokens,
        "tokens_per_s": round(tokens / seconds),
        "comments_per_s": round(len(rows) / seconds, 1),
        "useful_tokens": 1.0 if packed else round(tokens / computed, 3),
        "peak_gb": round(llama.peak_gb(device), 2),
    }


if __name__ == "__main__":
    main()
