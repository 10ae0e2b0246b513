"""A transformer version in a folder, its adapter random and untrained: for tests of serving."""

from dataclasses import replace
from pathlib import Path

from core.scoring.bases import base_digest, load_base, load_language_model, read_config
from core.scoring.manifest import BaseModel, Manifest, write_manifest
from core.scoring.prompt import build_prompt
from core.scoring.tokens import TextTokenizer

HEADS = {"bert": ["classifier", "pooler"]}


def write_version(folder: Path, base: Path, *, seed: int = 1, precision: str = "fp32", **changes) -> Path:
    """The folder, ready for TransformerScorer.load; with pooling="slots" one that answers in words."""
    import torch
    from peft import LoraConfig, TaskType, get_peft_model
    from transformers import AutoTokenizer

    torch.manual_seed(seed)
    in_words = changes.get("pooling") == "slots"
    model = (load_language_model if in_words else load_base)(base, precision=precision, device="cpu")
    kind = read_config(base)["model_type"]
    targets = "all-linear" if kind == "llama" else ["q_proj", "v_proj", "query", "value"]
    config = LoraConfig(
        task_type=TaskType.CAUSAL_LM if in_words else TaskType.SEQ_CLS,
        r=4,
        target_modules=targets,
        modules_to_save=None if in_words else HEADS.get(kind, ["score"]),
        init_lora_weights=False,
    )
    model = get_peft_model(model, config)
    if not in_words:
        torch.nn.init.normal_(_head_weight(model), std=0.5)
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(base).save_pretrained(folder)
    causal = kind != "bert"
    tokenizer = TextTokenizer.load(folder, max_tokens=64, causal=causal)
    if in_words:
        changes = {"prompt": build_prompt(tokenizer, folder).to_json(), **changes}
    manifest = Manifest(
        base=BaseModel(str(base), base_digest(base), kind),
        precision=precision,
        tokenizer=tokenizer.digest,
        pooling="last" if causal else "first",
        max_tokens=64,
        pad_token_id=0,
        batch_tokens=256,
    )
    write_manifest(folder, replace(manifest, **changes))
    return folder


def _head_weight(model):
    top = model.get_base_model()
    return getattr(top, "score", getattr(top, "classifier", None)).modules_to_save["default"].weight
