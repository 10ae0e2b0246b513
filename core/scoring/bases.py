"""Bases: where one is on this machine, whether it is the one we know, and loading it with six logits."""

import hashlib
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from core.errors import BadInput, ModelUnavailable
from core.labels import LABELS
from core.scoring.quantization import Precision, fix_bnb_cpu, nf4_config, quantise_experts, quieten, require_four_bits

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_HUB_ID: Final = re.compile(r"[\w.-]+/[\w.-]+")
_PART: Final = 1 << 16
_SIX: Final[dict[str, Any]] = {
    "num_labels": len(LABELS),
    "problem_type": "multi_label_classification",
    "id2label": dict(enumerate(LABELS)),
    "label2id": {name: j for j, name in enumerate(LABELS)},
}
_WANTED: Final = ["*.json", "*.safetensors", "*.model", "*.jinja", "LICENSE*", "*.txt"]


def find_base(name: str) -> Path:
    """The base's folder: the folder itself, or a hub id's files, downloaded with HF_TOKEN where they are not here yet.

    Raises ModelUnavailable that says which licence page to visit, or what is missing.
    """
    folder = find_local(name)
    if folder is None:
        folder = _download(name)
        _check_files(folder)
    return folder


def find_local(name: str) -> Path | None:
    """The base's folder with its files; None for a hub id, which says nothing about what is on this machine.

    Raises ModelUnavailable if it is neither, or the folder lacks files. Nothing is downloaded.
    """
    folder = Path(name).expanduser()
    if folder.is_dir():
        _check_files(folder)
        return folder
    if not _HUB_ID.fullmatch(name) or name.startswith("."):
        raise ModelUnavailable(f"The base {name} is not there. Put its folder back, or name another with --base.")
    return None


def _download(name: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, LocalEntryNotFoundError, RepositoryNotFoundError

    page = f"https://huggingface.co/{name}"
    try:
        # The files' digest is recorded when the model is trained, and checked whenever it is loaded.
        return Path(snapshot_download(name, allow_patterns=_WANTED, token=os.environ.get("HF_TOKEN")))  # nosec B615
    except (GatedRepoError, RepositoryNotFoundError) as error:
        raise ModelUnavailable(
            f"The hub does not give out {name}. If it is gated, visit {page}, accept its licence there, and set "
            "HF_TOKEN to a token of that account; if not, check the name. A local folder works too: --base FOLDER."
        ) from error
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as error:
        raise ModelUnavailable(
            f"{name} is neither on this machine nor can the hub be reached ({type(error).__name__}). Connect, or copy "
            f"the files of {page} (accept its licence there) into a folder and give that: --base FOLDER."
        ) from error


def _check_files(folder: Path) -> None:
    if not (folder / "config.json").is_file():
        raise ModelUnavailable(f"{folder} has no config.json, so it is no Hugging Face model. Give a model's folder.")
    if not any(folder.glob("*.safetensors")):
        raise ModelUnavailable(
            f"{folder} holds no weights in safetensors. Pickled ones (.bin, .pt) can run code and are not read: "
            "convert them, or get the base's safetensors."
        )


def read_config(folder: Path) -> dict[str, Any]:
    """config.json; raises ModelUnavailable."""
    try:
        return cast("dict[str, Any]", json.loads((folder / "config.json").read_bytes()))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelUnavailable(f"{folder / 'config.json'} cannot be read. Get the base again.") from error


def base_digest(folder: Path) -> str:
    """SHA-256, in hex, of the weights' tensor names, shapes and places, and of samples of their bytes.

    Sampled, since 13 GB take longer to digest than to load; another model, or another training of the same one,
    differs in every sample.
    """
    whole = hashlib.sha256()
    for path in sorted(folder.glob("*.safetensors")):
        size = path.stat().st_size
        with path.open("rb") as file:
            header = int.from_bytes(file.read(8), "little")
            whole.update(file.read(min(header, size)))
            for part in range(16):
                file.seek(8 + header + max(0, size - 8 - header - _PART) * part // 15)
                whole.update(file.read(_PART))
    return whole.hexdigest()


def check_precision(config: dict[str, Any], precision: Precision, folder: Path, device: str) -> None:
    """Raise BadInput if a base cannot be held in that precision on that device."""
    stored = config.get("quantization_config")
    if stored and precision != "nf4":
        raise BadInput(
            f"The base in {folder} is stored in {stored.get('quant_method', 'few')} {stored.get('bnb_4bit_quant_type')}"
            f", and precision {precision} was asked for. Use nf4, or the base's original weights."
        )
    if stored and stored.get("bnb_4bit_quant_type") != "nf4":
        raise BadInput(f"The base in {folder} is quantised in another way than NF4. Use its original weights.")
    if precision == "nf4" and device == "mps":
        raise BadInput("Precision nf4 works on CUDA and on the CPU, not on Apple's GPU. Use bf16 or fp32.")


def load_base(folder: Path, *, precision: Precision, device: str) -> "PreTrainedModel":
    """The base with a new six-logit head, frozen, in eval mode, on the device. Seed torch before: the head is random.

    Raises BadInput for a precision that cannot be, ModelUnavailable for damaged or unknown files.
    """
    return finish(_read(folder, precision, device)[0], precision, device)


def load_language_model(folder: Path, *, precision: Precision, device: str) -> "PreTrainedModel":
    """The base with its own output matrix, frozen, in eval mode, on the device.

    Raises as `load_base` does, and ModelUnavailable for a base that is no causal language model.
    """
    model, info = _read(folder, precision, device, in_words=True)
    if not _is_decoder(model) or info["missing_keys"]:
        raise ModelUnavailable(
            f"The base in {folder} cannot answer in words: it is no causal language model, or lacks its output matrix "
            "(lm_head). Use a causal one (LLaMA, Mistral, Mixtral, Qwen, ...), or train with head.kind = logits."
        )
    return finish(model, precision, device)


def _is_decoder(model: Any) -> bool:
    """Whether it is of LLaMA's kin: layers that take positions and a mask, and an output matrix."""
    return hasattr(model, "lm_head") and hasattr(model.base_model, "layers")


def load_whole(folder: Path, *, precision: Precision, device: str) -> "PreTrainedModel":
    """A trained model whose every weight, the head's too, is in the folder. Raises as `load_base` does."""
    _check_files(folder)
    model, info = _read(folder, precision, device)
    if odd := sorted([*info["missing_keys"], *info["unexpected_keys"], *(str(m) for m in info["mismatched_keys"])]):
        raise ModelUnavailable(
            f"The weights in {folder} are not those that its config.json describes, as in {odd[0]}. Restore the folder "
            "from a backup, or train it again."
        )
    return finish(model, precision, device)


def _read(folder: Path, precision: Precision, device: str, *, in_words: bool = False) -> tuple[Any, dict[str, Any]]:
    """The classifier or language model, and what transformers says of missing and unknown tensors."""
    import torch
    from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification

    quieten()
    config = read_config(folder)
    check_precision(config, precision, folder, device)
    options: dict[str, Any] = {"dtype": torch.float32 if precision == "fp32" else torch.bfloat16}
    if precision == "nf4" and not config.get("quantization_config"):
        options["quantization_config"] = nf4_config()
    if precision == "nf4" and device != "cpu":
        options["device_map"] = {"": device}
    if in_words:
        options["attn_implementation"] = "sdpa"  # others do not take a mask of who sees whom
    else:
        options |= _SIX
    maker: Any = AutoModelForCausalLM if in_words else AutoModelForSequenceClassification
    try:
        return cast(
            "tuple[Any, dict[str, Any]]",
            maker.from_pretrained(
                folder,
                use_safetensors=True,
                trust_remote_code=False,  # left out, it may ask at the terminal
                local_files_only=True,
                output_loading_info=True,
                **options,
            ),
        )
    except Exception as error:  # a damaged file may raise anything from any of four libraries
        if "memory" in str(error).lower():
            raise
        raise ModelUnavailable(
            f"The weights in {folder} cannot be loaded ({type(error).__name__}). Get them again; if they are complete, "
            "their architecture is not known to the installed transformers."
        ) from error


def finish(model: Any, precision: Precision, device: str) -> "PreTrainedModel":
    """Freeze, quantise what the loader left out, and place a model that was just made."""
    if precision == "nf4":
        fix_bnb_cpu(model)
        quantise_experts(model)
        require_four_bits(model)
    model.requires_grad_(False)
    model.config.use_cache = False
    if not _is_decoder(model):
        head(model).float()
    return cast("PreTrainedModel", model.eval() if precision == "nf4" else model.eval().to(device))


def head(model: Any) -> Any:
    """The six-logit layer; raises ModelUnavailable if the architecture has none that we know."""
    found = getattr(model, "score", None)
    if found is None and getattr(model.base_model, "pooler", None) is not None and hasattr(model, "dropout"):
        found = getattr(model, "classifier", None)
    if found is None:
        raise ModelUnavailable(
            f"Models of kind {model.config.model_type} have no head that Moderato knows. Use a causal one (LLaMA, "
            "Mistral, Mixtral, Qwen, ...) or BERT."
        )
    return found
