"""LLaMAs and Mixtrals with random weights, straight into NF4: for speed and memory without a checkpoint; no quality."""

import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np

from core.labels import LABELS
from core.scoring.bases import finish
from core.scoring.quantization import import_bitsandbytes, nf4_config, quantise_experts
from training.config import AdapterConfig

SHAPES: Final[dict[str, dict[str, int]]] = {
    "7b": {
        **{"vocab_size": 32000, "hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32},
        **{"num_attention_heads": 32, "num_key_value_heads": 32},
    },
    "mixtral": {
        **{"vocab_size": 32000, "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32},
        **{"num_attention_heads": 32, "num_key_value_heads": 8, "num_local_experts": 8, "num_experts_per_tok": 2},
    },
    "tiny-mixtral": {
        **{"vocab_size": 1000, "hidden_size": 128, "intermediate_size": 256, "num_hidden_layers": 2},
        **{"num_attention_heads": 4, "num_key_value_heads": 2, "num_local_experts": 4, "num_experts_per_tok": 2},
    },
    "tiny": {
        **{"vocab_size": 1000, "hidden_size": 128, "intermediate_size": 384, "num_hidden_layers": 2},
        **{"num_attention_heads": 4, "num_key_value_heads": 4},
    },
}
"""LLaMA-2 7B's, Mixtral 8x7B's, and two that a CPU computes in no time."""
TINY: Final = ("tiny", "tiny-mixtral")
LENGTHS: Final = Path(__file__).with_name("comment_lengths.json")


def build(shape: str, device: str) -> Any:
    """A sequence classifier in NF4. No more than one weight is ever held in bf16."""
    import torch
    from torch import nn
    from transformers import AutoModelForSequenceClassification, LlamaConfig, MixtralConfig

    import_bitsandbytes()
    config = (MixtralConfig if has_experts(shape) else LlamaConfig)(
        **SHAPES[shape],
        **{"max_position_embeddings": 4096, "rms_norm_eps": 1e-5, "pad_token_id": 0, "num_labels": len(LABELS)},
    )
    with torch.device("meta"):
        model = AutoModelForSequenceClassification.from_config(config, dtype=torch.bfloat16)
    random = torch.Generator(device).manual_seed(0)
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Linear) and name != "score":
            model.set_submodule(name, _quantised(module, random))
        else:
            _fill(module, random, ones="norm" in name)
            if "gate_up_proj" in module._parameters:
                quantise_experts(module)  # those of this layer alone are in bf16 for a moment
    for name, module in list(model.named_modules()):
        if any(buffer is not None and buffer.is_meta for buffer in module._buffers.values()):
            model.set_submodule(name, type(module)(config=config).to(device))  # rotary frequencies
    model.is_loaded_in_4bit = model.is_quantized = True
    model.quantization_method = "bitsandbytes"
    model.config.quantization_config = nf4_config()
    return finish(model, "nf4", device)


def has_experts(shape: str) -> bool:
    """Whether it is a Mixtral."""
    return "num_local_experts" in SHAPES[shape]


def adapter_for(shape: str) -> AdapterConfig:
    """As the presets have it: on all linear layers, or on a Mixtral's attention."""
    attention = ("q_proj", "k_proj", "v_proj", "o_proj")
    return AdapterConfig(rank=32, alpha=64, targets=attention) if has_experts(shape) else AdapterConfig()


def _quantised(module: Any, random: Any) -> Any:
    import torch

    bnb = import_bitsandbytes()
    options: dict[str, Any] = {"compress_statistics": True, "quant_type": "nf4"}
    made = bnb.nn.Linear4bit(
        module.in_features, module.out_features, bias=False, compute_dtype=torch.bfloat16, device="meta", **options
    )
    drawn = _drawn(module.weight.shape, random)
    weight = bnb.nn.Params4bit(drawn, requires_grad=False, module=made, **options)
    made.weight = weight._quantize(drawn.device)
    return made


def _fill(module: Any, random: Any, *, ones: bool) -> None:
    import torch

    for name, weight in list(module._parameters.items()):
        if weight is not None and weight.is_meta:
            drawn = _drawn(weight.shape, random)
            module._parameters[name] = torch.nn.Parameter(
                torch.ones_like(drawn) if ones else drawn, requires_grad=False
            )


def _drawn(shape: Any, random: Any) -> Any:
    import torch

    return torch.empty(shape, dtype=torch.bfloat16, device=random.device).normal_(0, 0.02, generator=random)


def comments(count: int, vocabulary: int, max_tokens: int, *, seed: int = 0) -> list[list[int]]:
    """Random token ids whose numbers are those of real comments; each begins with <s>."""
    quantiles = json.loads(LENGTHS.read_text())["quantiles"]
    random = np.random.default_rng(seed)
    places = (np.arange(count) + 0.5) / count * (len(quantiles) - 1)
    lengths = np.interp(random.permutation(places), np.arange(len(quantiles)), quantiles)
    sizes = np.clip(lengths.round().astype(int), 2, max_tokens)
    return [[1, *random.integers(3, vocabulary, size - 1).tolist()] for size in sizes]


def matmul_tflops(device: str) -> float:
    """What the device's own bf16 matrix product reaches, the limit of everything here."""
    import torch

    side = 8192 if device == "cuda" else 512
    left, right = (torch.randn(side, side, device=device, dtype=torch.bfloat16) for _ in range(2))
    seconds = timed(lambda: left @ right, device, repeats=20 if device == "cuda" else 3)
    return float(2 * side**3 / seconds / 1e12)


def fp8_tflops(device: str) -> float | None:
    """As `matmul_tflops`, of the product in fp8 with a scale for each row; None where the device has none."""
    import torch

    from core.errors import ModelUnavailable
    from core.scoring.fp8 import check_fp8, quantise_rows

    try:
        check_fp8(device)
    except ModelUnavailable:
        return None
    side = 8192 if device == "cuda" else 512
    (left, rows), (right, columns) = (quantise_rows(torch.randn(side, side, device=device)) for _ in range(2))
    options = {"scale_a": rows, "scale_b": columns.t().contiguous(), "out_dtype": torch.bfloat16}
    options["use_fast_accum"] = device == "cuda"
    repeats = 20 if device == "cuda" else 3
    seconds = timed(lambda: torch._scaled_mm(left, right.t(), **options), device, repeats=repeats)
    return float(2 * side**3 / seconds / 1e12)


def timed(work: Callable[[], Any], device: str, *, repeats: int = 3) -> float:
    """Median seconds of `work`, warmed up once."""
    seconds = []
    for _ in range(repeats + 1):
        synchronise(device)
        began = time.perf_counter()
        work()
        synchronise(device)
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds[1:])


def synchronise(device: str) -> None:
    """Wait until the device has done what it was given."""
    import torch

    if device == "cuda":
        torch.cuda.synchronize()


def flops_per_token(shape: str, tokens: float) -> float:
    """Of one forward pass: two for each weight that a token meets in the layers, and causal attention over rows of
    `tokens` on average."""
    s = SHAPES[shape]
    met = layer_weights(shape, experts=s.get("num_experts_per_tok", 1))
    return s["num_hidden_layers"] * (2 * met + 2 * tokens * s["hidden_size"])


def layer_weights(shape: str, *, experts: int | None = None) -> int:
    """Weights of one layer's matrices, with all of its experts or so many."""
    s = SHAPES[shape]
    keys = s["hidden_size"] // s["num_attention_heads"] * s["num_key_value_heads"]
    count, router = s.get("num_local_experts", 1), s.get("num_local_experts", 0)
    mlp = 3 * s["intermediate_size"] * (count if experts is None else experts)
    return s["hidden_size"] * (2 * s["hidden_size"] + 2 * keys + mlp + router)


def peak_gb(device: str) -> float:
    """Most memory held since `forget_peak`: of the GPU, or of this process since it began."""
    import resource

    import torch

    if device == "cuda":
        return float(torch.cuda.max_memory_allocated() / 1e9)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def forget_peak(device: str) -> None:
    """Begin to measure the peak anew, where the device can."""
    import torch

    if device == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def default_shape(device: str) -> str:
    """7b where there is a GPU."""
    return "7b" if device == "cuda" else "tiny"
