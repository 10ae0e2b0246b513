"""Four bits a weight: how a base gets there, proof that it did, and the way back to bf16."""

import logging
import warnings
from typing import TYPE_CHECKING, Any, Final, Literal

from core.errors import ModelUnavailable

if TYPE_CHECKING:
    import torch

Precision = Literal["nf4", "bf16", "fp32"]
"""How the weights of a base are held: 4-bit NormalFloat (Dettmers et al., NeurIPS 2023), or 16 or 32 bits."""
LEAST_SHARE: Final = 0.9
"""Of the bytes of all weight matrices that should be in 4 bits; below it something was left out."""
_REPACKS: Final = "support_avx512bf16_for_cpu"
_TRAINED: Final = ("score", "classifier", "pooler")
"""Layers that are trained whole and so stay in full precision."""
_OUTPUT: Final = "lm_head"
"""A language model's output matrix, which every answer is read from: kept in full precision too."""
_EXPERTS: Final = ("gate_up_proj", "down_proj")


def import_bitsandbytes() -> Any:
    """The library. Raises ModelUnavailable if it is not installed."""
    quieten()
    try:
        import bitsandbytes
    except ImportError as error:
        raise ModelUnavailable(
            "Precision nf4 needs bitsandbytes: `pip install bitsandbytes`, or use precision bf16."
        ) from error
    return bitsandbytes


def quieten() -> None:
    """Keep the libraries' remarks out of the terminal: on optional kernels, on names of the next release, on a head
    that is new (which is the point), and bars for a load of a second."""
    from transformers.utils import logging as transformers_logging

    logging.getLogger("bitsandbytes.backends.cpu.ops").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", category=FutureWarning, module=r"transformers\.|peft\.")
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()


def nf4_config() -> Any:
    """transformers' BitsAndBytesConfig: NF4, double quantisation, bf16 arithmetic."""
    import torch
    from transformers import BitsAndBytesConfig

    import_bitsandbytes()
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
        llm_int8_skip_modules=[*_TRAINED, "pooler.dense", _OUTPUT],  # names are matched at their ends
    )


def fix_bnb_cpu(model: "torch.nn.Module") -> None:
    """Keep 4-bit weights in their one layout on a CPU.

    With AVX512-BF16 the library re-packs a weight at the first forward in eval mode, for a kernel without a
    gradient; training after that goes silently wrong (bitsandbytes 0.50). Harmless elsewhere.
    """
    for module in model.modules():
        if hasattr(module, _REPACKS):
            setattr(module, _REPACKS, False)


def quantise_experts(model: "torch.nn.Module") -> int:
    """Put fused experts, which from_pretrained leaves in 16 bits without a word, into NF4; how many were.

    PEFT cannot put LoRA on them then: adapters of such a model are on its attention.
    """
    from torch import nn

    found = [
        (module, name)
        for module in model.modules()
        for name, weight in list(module.named_parameters(recurse=False))
        if name in _EXPERTS and weight.ndim == 3 and isinstance(weight, nn.Parameter)
    ]
    if found:
        import_bitsandbytes()
        from bitsandbytes.nn.parametrize import replace_parameter_4bit
    for module, name in found:
        replace_parameter_4bit(module, name, compress_statistics=True, quant_type="nf4")
    return len(found)


def four_bit_share(model: "torch.nn.Module") -> float:
    """Bytes in 4 bits over bytes of all weight matrices but embeddings, output and what is trained whole, 0 to 1."""
    from torch import nn

    skipped = {id(m.weight) for m in model.modules() if isinstance(m, nn.Embedding)}
    packed = whole = 0
    for name, weight in model.named_parameters():
        if is_four_bit(name, weight):
            packed += weight.numel() * weight.element_size()
        elif weight.ndim > 1 and id(weight) not in skipped and not {*_TRAINED, _OUTPUT} & set(name.split(".")):
            whole += weight.numel() * weight.element_size()
    return packed / max(packed + whole, 1)


def is_four_bit(name: str, weight: "torch.nn.Parameter") -> bool:
    """Whether a parameter holds two weights a byte."""
    return type(weight).__name__ == "Params4bit" or (".parametrizations." in name and weight.element_size() == 1)


def require_four_bits(model: "torch.nn.Module") -> None:
    """Raise ModelUnavailable if much of a model that should be in 4 bits is not."""
    if (share := four_bit_share(model)) < LEAST_SHARE:
        raise ModelUnavailable(
            f"Only {share:.0%} of the weights' bytes are in 4 bits, so the model is far larger than it should be: this "
            "architecture has weights that bitsandbytes does not know. Use precision bf16."
        )


def dequantise(model: "torch.nn.Module") -> None:
    """Turn every 4-bit weight back into bf16, in place. Merge an adapter only after this: merged into 4 bits it is
    rounded away."""
    import torch
    from torch.nn.utils import parametrize

    functional = import_bitsandbytes().functional
    for name, module in list(model.named_modules()):
        if type(getattr(module, "weight", None)).__name__ == "Params4bit":
            weight = functional.dequantize_4bit(module.weight.data, module.weight.quant_state).to(torch.bfloat16)
            model.set_submodule(name, _linear(weight, module.bias))
        for expert in _EXPERTS:
            if parametrize.is_parametrized(module, expert):
                weight = getattr(module, expert).detach().to(torch.bfloat16)
                parametrize.remove_parametrizations(module, expert, leave_parametrized=False)
                setattr(module, expert, torch.nn.Parameter(weight, requires_grad=False))
    for attribute in ("is_loaded_in_4bit", "is_quantized", "hf_quantizer", "quantization_method"):
        if attribute in model.__dict__:
            delattr(model, attribute)
    if getattr(getattr(model, "config", None), "quantization_config", None) is not None:
        del model.config.quantization_config  # type: ignore[union-attr]


def _linear(weight: "torch.Tensor", bias: "torch.Tensor | None") -> "torch.nn.Linear":
    from torch import nn

    made = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None, device="meta")
    made.weight = nn.Parameter(weight, requires_grad=False)
    if bias is not None:
        made.bias = nn.Parameter(bias.to(weight.dtype), requires_grad=False)
    return made


def bf16_bytes(model: "torch.nn.Module") -> int:
    """What the model would take in bf16."""
    return sum(
        4 * weight.numel() if is_four_bit(name, weight) else 2 * weight.numel()
        for name, weight in model.named_parameters()
    )
