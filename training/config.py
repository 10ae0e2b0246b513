"""How a transformer is trained: a preset's fields, what each means, and every problem of them at once."""

import tomllib
import typing
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final, Literal, get_args

from core.errors import BadInput
from core.scoring.manifest import MODES
from core.scoring.quantization import Precision
from training.data import CORRECTION_FACTOR

FOLDER: Final = Path(__file__).parent / "presets"


@dataclass(frozen=True, slots=True)
class BaseConfig:
    """[base]: the model under the adapter."""

    name: str = ""
    """Hub id, or a local folder."""
    precision: Precision = "nf4"
    """How its weights are held, in training and in serving: nf4 (4 bits), bf16 or fp32."""
    bf16: bool = False
    """Compute in bf16 in training although the weights are fp32: about twice as quick where the device has it. With
    precision nf4 and bf16 it is always so."""
    checkpointing: bool = False
    """Compute activations again in the backward pass: about a third of the memory for about a third more time."""
    sharded: bool = False
    """Spread the base's weights over the processes of torchrun (FSDP), instead of a copy in each."""


@dataclass(frozen=True, slots=True)
class AdapterConfig:
    """[adapter]: the LoRA weights (Hu et al., ICLR 2022)."""

    rank: int = 16
    """Rank of each update; 0 trains the whole base in the adapter's place, which suits small ones in fp32."""
    alpha: int = 32
    """Scale of the updates is alpha / rank."""
    dropout: float = 0.05
    """Share of an update's inputs dropped in training."""
    targets: tuple[str, ...] = ("all-linear",)
    """Names of the layers that get one; all-linear means every linear layer but the head."""


@dataclass(frozen=True, slots=True)
class HeadConfig:
    """[head]: what the six scores are read from."""

    kind: Literal["logits", "yes_no"] = "logits"
    """logits: six numbers of a new layer. yes_no: the base answers six fixed questions in words (SFT), and a score is
    its logit of yes minus that of no."""


@dataclass(frozen=True, slots=True)
class RowsConfig:
    """[rows]: which comments are read, and how."""

    max_tokens: int = 256
    """Tokens of a comment that are read: of a longer one the head and the tail."""
    max_rows: int = 0
    """Training rows at most, rare labels kept first and weights corrected for it; 0 means all."""
    held_rows: int = 4000
    """Rows at most for validation, and for calibration; 0 means all of a twelfth each."""
    test_rows: int = 0
    """Rows of the frozen test part that the final figures are measured on; 0 means all."""
    balance: float = 0.5
    """0 draws rows as they are, 1 draws every label equally often. Rare labels are drawn more often, so that a batch
    seldom lacks one."""
    correction_factor: float = CORRECTION_FACTOR
    """How much more a moderator's correction counts than a base row."""


@dataclass(frozen=True, slots=True)
class LossConfig:
    """[loss]: what is minimised."""

    kind: Literal["bce", "asymmetric"] = "bce"
    """bce: cross-entropy of each label. asymmetric: easy negatives count less (Ridnik et al., ICCV 2021)."""
    positive_cap: float = 4.0
    """A label's positives weigh the root of negatives over positives, at most this; 1 means no more than others."""
    weight_cap: float = 10.0
    """A row's weight, relative to the mean, at most."""
    focus: float = 4.0
    """asymmetric: power that takes easy negatives down."""
    margin: float = 0.05
    """asymmetric: negatives below this probability count nothing."""


@dataclass(frozen=True, slots=True)
class StepsConfig:
    """[steps]: the optimiser's way."""

    epochs: float = 2.0
    """Passes over the training rows; 0 with head.kind yes_no asks the base as it is (zero-shot)."""
    step_tokens: int = 8192
    """Tokens, padding included, between two updates."""
    batch_tokens: int = 8192
    """Tokens, padding included, on the device at once; halved where they do not fit (not with yes_no). The updates stay
    the same."""
    adapter_rate: float = 2e-4
    """Highest learning rate of the adapter, or of the whole base."""
    head_rate: float = 1e-3
    """Highest learning rate of the head; yes_no has none."""
    warm_share: float = 0.3
    """A retraining that goes on from a former version's weights takes the rates times this."""
    warmup: float = 0.06
    """Share of the steps over which the rates rise; after it they fall along a cosine."""
    weight_decay: float = 0.01
    """AdamW's."""
    clip: float = 1.0
    """Longest gradient."""
    optimizer: Literal["adamw", "paged_adamw8bit"] = "adamw"
    """paged_adamw8bit (bitsandbytes) takes a quarter of the memory for its state."""
    evaluate_every: int = 200
    """Steps between two validations by weighted AUC; each epoch ends with one too."""
    patience: int = 4
    """Validations without a better AUC after which training stops; the best adapter is kept."""
    checkpoint_every: int = 200
    """Steps between two checkpoints, from which an interrupted training resumes."""


@dataclass(frozen=True, slots=True)
class ServeConfig:
    """[serve]: written into the model's folder for scoring."""

    mode: str = "auto"
    """merged, adapter, auto or fp8: see core.scoring.manifest."""
    batching: Literal["sorted", "packed"] = "sorted"
    """sorted: batches of like length, padded. packed: rows one after another without padding, for causal models; on a
    GPU measure which is quicker with benchmarks.llama_scoring."""
    batch_tokens: int = 16384
    """Tokens, padding included, that are scored at once; halved where they do not fit."""


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """A whole preset."""

    preset: str = ""
    """Its name."""
    seed: int = 0
    """Seed of everything random."""
    base: BaseConfig = field(default_factory=BaseConfig)
    adapter: AdapterConfig = field(default_factory=AdapterConfig)
    head: HeadConfig = field(default_factory=HeadConfig)
    rows: RowsConfig = field(default_factory=RowsConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    steps: StepsConfig = field(default_factory=StepsConfig)
    serve: ServeConfig = field(default_factory=ServeConfig)

    @property
    def in_words(self) -> bool:
        """Whether the base answers in words, rather than through a head."""
        return self.head.kind == "yes_no"

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


SECTIONS: Final[dict[str, type]] = {
    "base": BaseConfig,
    "adapter": AdapterConfig,
    "head": HeadConfig,
    "rows": RowsConfig,
    "loss": LossConfig,
    "steps": StepsConfig,
    "serve": ServeConfig,
}


def list_presets() -> list[str]:
    """Names of the transformer presets that come with Moderato."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def read_preset(name: str, *, base: str = "", max_rows: int | None = None) -> TrainConfig:
    """The preset, with another base or fewer rows where given. Raises BadInput that lists every problem."""
    path = FOLDER / f"{name}.toml"
    if name not in list_presets():
        raise BadInput(f"There is no preset {name[:40]!r}. There are: {', '.join(list_presets())}.")
    config = read_config(tomllib.loads(path.read_text(encoding="utf-8")), preset=name)
    if base:
        folder = Path(base).expanduser()
        config = replace(config, base=replace(config.base, name=str(folder.resolve()) if folder.is_dir() else base))
    return config if max_rows is None else replace(config, rows=replace(config.rows, max_rows=max_rows))


def read_config(values: Mapping[str, Any], *, preset: str) -> TrainConfig:
    """A configuration from a TOML file's values; raises BadInput that lists every problem."""
    problems = [f"[{name}] is no section" for name in values if name not in SECTIONS and name != "seed"]
    parts: dict[str, Any] = {}
    for name, kind in SECTIONS.items():
        given = values.get(name, {})
        wrong = _mistyped(name, kind, given)
        problems += wrong
        if not wrong:
            parts[name] = kind(**{key: tuple(v) if isinstance(v, list) else v for key, v in given.items()})
    seed = values.get("seed", 0)
    problems += [] if isinstance(seed, int) else ["seed is not a whole number"]
    config = TrainConfig(preset=preset, seed=seed if isinstance(seed, int) else 0, **parts)
    check(config, problems)
    return config


def _mistyped(section: str, kind: type, given: Any) -> list[str]:
    if not isinstance(given, Mapping):
        return [f"{section} is not a section"]
    hints = typing.get_type_hints(kind)
    known = {part.name for part in fields(kind)}
    problems = [f"{section}.{key} is no setting" for key in given if key not in known]
    return problems + [
        f"{section}.{key} is {value!r}, not {_name_of(hints[key])}"
        for key, value in given.items()
        if key in known and not _is_of(value, hints[key])
    ]


def _is_of(value: Any, hint: Any) -> bool:
    if options := get_args(hint) if typing.get_origin(hint) is Literal else ():
        return value in options
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if typing.get_origin(hint) is tuple:
        return isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)
    return isinstance(value, hint)


def _name_of(hint: Any) -> str:
    if typing.get_origin(hint) is Literal:
        return "one of " + ", ".join(map(str, get_args(hint)))
    return {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}.get(hint, "a list of texts")


def check(config: TrainConfig, problems: list[str] | None = None) -> None:
    """Raise BadInput that lists every problem of a configuration, those already found first."""
    found = [
        *(problems or []),
        *(f"{name} must be {rule}" for name, (sound, rule) in _rules(config).items() if not sound),
    ]
    if found:
        listed = "".join(f"\n- {problem}" for problem in found)
        raise BadInput(f"The configuration {config.preset or 'given'} cannot be used. Correct each of these:{listed}")


def _rules(config: TrainConfig) -> dict[str, tuple[bool, str]]:
    adapter, rows, loss, steps = config.adapter, config.rows, config.loss, config.steps
    return _word_rules(config) | {
        "base.name": (bool(config.base.name), "a hub id or a folder (--base FOLDER)"),
        "adapter.rank": (0 <= adapter.rank <= 512, "0 to 512"),
        "base.precision": (adapter.rank > 0 or config.base.precision == "fp32", "fp32 where adapter.rank is 0"),
        "base.sharded": (adapter.rank > 0 or not config.base.sharded, "false where adapter.rank is 0"),
        "adapter.alpha": (adapter.alpha > 0, "above 0"),
        "adapter.dropout": (0 <= adapter.dropout < 1, "from 0 to below 1"),
        "adapter.targets": (len(adapter.targets) > 0, "all-linear or names of layers"),
        "rows.max_tokens": (8 <= rows.max_tokens <= 8192, "8 to 8192"),
        "rows.max_rows": (rows.max_rows >= 0, "0 or above"),
        "rows.held_rows": (rows.held_rows >= 0, "0 or above"),
        "rows.test_rows": (rows.test_rows >= 0, "0 or above"),
        "rows.balance": (0 <= rows.balance <= 1, "0 to 1"),
        "rows.correction_factor": (rows.correction_factor > 0, "above 0"),
        "loss.positive_cap": (loss.positive_cap >= 1, "1 or above"),
        "loss.weight_cap": (loss.weight_cap >= 1, "1 or above"),
        "loss.focus": (loss.focus >= 0, "0 or above"),
        "loss.margin": (0 <= loss.margin < 1, "from 0 to below 1"),
        "steps.epochs": (steps.epochs > 0 or (config.in_words and steps.epochs == 0), "above 0 (yes_no: 0 or above)"),
        "steps.step_tokens": (steps.step_tokens >= rows.max_tokens, "rows.max_tokens or more"),
        "steps.batch_tokens": (steps.batch_tokens >= rows.max_tokens, "rows.max_tokens or more"),
        "steps.adapter_rate": (0 < steps.adapter_rate < 1, "above 0 and below 1"),
        "steps.head_rate": (0 < steps.head_rate < 1, "above 0 and below 1"),
        "steps.warm_share": (0 < steps.warm_share <= 1, "above 0, 1 at most"),
        "steps.warmup": (0 <= steps.warmup < 1, "from 0 to below 1"),
        "steps.weight_decay": (steps.weight_decay >= 0, "0 or above"),
        "steps.clip": (steps.clip > 0, "above 0"),
        "steps.evaluate_every": (steps.evaluate_every > 0, "above 0"),
        "steps.patience": (steps.patience > 0, "above 0"),
        "steps.checkpoint_every": (steps.checkpoint_every > 0, "above 0"),
        "serve.mode": (config.serve.mode in MODES, f"one of {', '.join(MODES)}"),
        "serve.mode fp8": (adapter.rank > 0 or config.serve.mode != "fp8", "another where adapter.rank is 0"),
        "serve.batch_tokens": (config.serve.batch_tokens >= rows.max_tokens, "rows.max_tokens or more"),
    }


def _word_rules(config: TrainConfig) -> dict[str, tuple[bool, str]]:
    if not config.in_words:
        return {}
    return {
        "adapter.rank with head.kind yes_no": (config.adapter.rank > 0, "above 0"),
        "adapter.targets with head.kind yes_no": ("lm_head" not in config.adapter.targets, "other layers than lm_head"),
        "loss.kind with head.kind yes_no": (config.loss.kind == "bce", "bce"),
    }
