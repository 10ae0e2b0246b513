"""Eight-bit floats for a merged model's matrix products: half of bf16's bytes, and Ada and Hopper compute on them."""

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from core.errors import ModelUnavailable

if TYPE_CHECKING:
    import torch

CAPABILITY: Final = (8, 9)
"""Least compute capability of an NVIDIA GPU that multiplies such numbers: Ada's; Hopper's is 9.0."""
_LARGEST: Final = 448.0
"""Of e4m3: 4 bits of exponent, 3 of mantissa (Micikevicius et al., 2022, arXiv 2209.05433)."""
_STEP: Final = 16
"""What the sides of a weight must be a multiple of for torch._scaled_mm."""
_LEAST_SHARE: Final = 0.9


def to_fp8(model: Any) -> Any:
    """Put the linear layers of the decoder's layers into fp8, in place; embeddings, norms and head stay as they are.

    Raises ModelUnavailable where the device cannot, or where most weights are in no linear layer: fused experts.
    """
    from torch import nn

    check_fp8(str(model.device))
    stacks = [module for module in model.modules() if isinstance(module, nn.ModuleList)]
    layers = max(stacks, key=lambda stack: sum(weight.numel() for weight in stack.parameters()))
    linear = [module for module in layers.modules() if isinstance(module, nn.Linear)]
    fitting = [module for module in linear if not any(side % _STEP for side in module.weight.shape)]
    whole = sum(weight.numel() for weight in layers.parameters())
    if sum(module.weight.numel() for module in fitting) < _LEAST_SHARE * whole:
        raise ModelUnavailable(
            "serve.mode fp8 reaches linear layers only, and most weights of this model are in fused experts or of odd "
            "sizes. Train it with serve.mode merged, adapter or auto."
        )
    for module in fitting:
        convert(module)
    return model


def convert(linear: Any) -> None:
    """Let a torch Linear multiply in fp8, without a gradient: each output's weights have a scale, found here, and each
    token's values one, found as they come."""
    import torch

    weight, scale = quantise_rows(linear.weight.detach())
    linear.weight = torch.nn.Parameter(weight, requires_grad=False)
    linear.forward = partial(_multiply, weight, scale.t().contiguous(), linear.bias)


def quantise_rows(values: "torch.Tensor") -> tuple["torch.Tensor", "torch.Tensor"]:
    """e4m3 numbers [n, m] and the scale of each row, fp32 [n, 1], whose product is about `values`."""
    import torch

    scale = values.abs().amax(1, keepdim=True).float().clamp(min=1e-12) / _LARGEST
    # in fp32: bf16 would round twice, and beyond the largest number e4m3 has only NaN
    return (values.float() / scale).clamp(-_LARGEST, _LARGEST).to(torch.float8_e4m3fn), scale


def _multiply(
    weight: "torch.Tensor", scale: "torch.Tensor", bias: "torch.Tensor | None", given: "torch.Tensor"
) -> "torch.Tensor":
    """[..., in] to [..., out], in the type that came."""
    import torch

    rows, own = quantise_rows(given.reshape(-1, given.shape[-1]))
    options: dict[str, Any] = {"out_dtype": torch.bfloat16, "use_fast_accum": given.is_cuda}
    found = torch._scaled_mm(rows, weight.t(), scale_a=own, scale_b=scale, **options).to(given.dtype)
    found = found if bias is None else found + bias
    return found.reshape(*given.shape[:-1], -1)


def check_fp8(device: str) -> None:
    """Raise ModelUnavailable where the device cannot multiply in fp8. A CPU may, without gain: that is for tests."""
    import torch

    if device.startswith("cuda") and torch.version.cuda and torch.cuda.get_device_capability(device) >= CAPABILITY:
        return
    if device.startswith("cpu") and _cpu_multiplies():
        return
    raise ModelUnavailable(
        f"serve.mode fp8 needs an NVIDIA GPU of compute capability {CAPABILITY[0]}.{CAPABILITY[1]} or more (Ada, "
        f"Hopper), and {device} is none. Use serve.mode merged, adapter or auto."
    )


def _cpu_multiplies() -> bool:
    import torch

    linear = torch.nn.Linear(_STEP, _STEP, bias=False)
    convert(linear)
    try:
        linear(torch.ones(1, _STEP))
    except (RuntimeError, NotImplementedError):
        return False
    return True
