"""The trainable part: LoRA on a frozen base, or the whole base, and the six-logit head if any, all in fp32."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import BadInput
from training.config import AdapterConfig, StepsConfig

if TYPE_CHECKING:
    import torch

_SAVED = {"score": ["score"], "classifier": ["classifier", "pooler"]}
"""Layers trained whole, by the head's name. BERT's pooler comes before the head and was trained for another task."""
_HEADS = frozenset(name for names in _SAVED.values() for name in names)


def add_adapter(model: Any, config: AdapterConfig, *, checkpointing: bool) -> Any:
    """The model within PEFT, its LoRA weights and head trainable (a language model has no head); with rank 0 the model
    as it is, trainable as a whole. Seed torch before. Raises BadInput for layers that the base does not have."""
    import torch
    from peft import LoraConfig, TaskType, get_peft_model

    if checkpointing:
        newer = getattr(model, "activation_checkpointing_enable", None)  # what it is called in newer releases
        (newer or model.gradient_checkpointing_enable)({"use_reentrant": False})
    if not config.rank:
        return model.requires_grad_(True)
    targets = "all-linear" if config.targets == ("all-linear",) else list(config.targets)
    name = next((name for name in _SAVED if hasattr(model, name)), None)
    lora = LoraConfig(
        task_type=TaskType.SEQ_CLS if name else TaskType.CAUSAL_LM,
        r=config.rank,
        lora_alpha=config.alpha,
        lora_dropout=config.dropout,
        target_modules=targets,
        modules_to_save=_SAVED[name] if name else None,
    )
    try:
        made = get_peft_model(model, lora)
    except ValueError as error:
        kinds = sorted({path.rsplit(".", 1)[-1] for path, m in model.named_modules() if isinstance(m, torch.nn.Linear)})
        raise BadInput(f"adapter.targets {targets} are not all in this base. It has {', '.join(kinds)}.") from error
    for weight in trainable(made).values():
        weight.data = weight.data.float()
    return made


def trainable(model: Any) -> dict[str, "torch.nn.Parameter"]:
    """Name and weight of everything that training changes."""
    return {name: weight for name, weight in model.named_parameters() if weight.requires_grad}


def copy_state(model: Any) -> dict[str, "torch.Tensor"]:
    """A copy, on the CPU, of everything that training changes."""
    return {name: weight.detach().cpu().clone() for name, weight in trainable(model).items()}


def put_state(model: Any, state: dict[str, "torch.Tensor"]) -> None:
    """The inverse of `copy_state`."""
    for name, weight in trainable(model).items():
        weight.data.copy_(state[name])


def build_optimizer(model: Any, config: StepsConfig) -> "torch.optim.Optimizer":
    """AdamW with a rate of its own for the head."""
    import torch

    from core.scoring.quantization import import_bitsandbytes

    weights = trainable(model)
    parts = {False: config.adapter_rate, True: config.head_rate}
    groups = [
        {"params": [w for name, w in weights.items() if _is_head(name) is is_head], "lr": rate, "rate": rate}
        for is_head, rate in parts.items()
        if any(_is_head(name) is is_head for name in weights)
    ]
    if config.optimizer == "adamw":
        return torch.optim.AdamW(groups, weight_decay=config.weight_decay)
    made = import_bitsandbytes().optim.PagedAdamW8bit(groups, weight_decay=config.weight_decay)
    return made


def _is_head(name: str) -> bool:
    return bool(_HEADS & set(name.split(".")))


def save_trained(model: Any, folder: Path, *, base: str) -> None:
    """adapter_config.json and adapter_model.safetensors, as PEFT reads them; for a whole base config.json and
    model.safetensors, as transformers does."""
    if not hasattr(model, "peft_config"):
        model.save_pretrained(folder)
        return
    model.peft_config["default"].base_model_name_or_path = base
    model.save_pretrained(folder, save_embedding_layers=False)
    (folder / "README.md").unlink(missing_ok=True)  # PEFT's own, empty one
