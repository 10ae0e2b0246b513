"""What a page asks before it starts a training: which presets there are, what they need, and what is wrong."""

from pathlib import Path

from core.errors import BadInput, ModeratoError
from core.run_process import RunOptions
from core.scoring.bases import check_precision, find_local, read_config
from core.services import Services
from training import config as presets
from training import train

_STARTER = "N-grams and a small net that ship with Moderato: a CPU will do, and corrections alone are enough."


def list_presets() -> tuple[str, ...]:
    """What can be trained, the starter first."""
    return train.PRESETS


def summarize(preset: str) -> str:
    """What it is and needs: the comment that its file begins with; empty if there is none."""
    if preset == "starter":
        return _STARTER
    try:
        lines = (presets.FOLDER / f"{preset}.toml").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    after = next((i for i, line in enumerate(lines) if not line.startswith("#")), len(lines))
    return " ".join(line.lstrip("# ") for line in lines[:after])


def has_base(preset: str) -> bool:
    """Whether it is trained on a base that somebody may choose, and reads as many rows as somebody says."""
    return preset != "starter"


def usual_base(services: Services, preset: str) -> str:
    """The base of the preset's newest version, else the preset's own; empty if it has none or cannot be read."""
    try:
        config = train.configure(preset, services=services)
    except ModeratoError:
        return ""
    return config.base.name if config else ""


def check_start(services: Services, preset: str, options: RunOptions) -> None:
    """Raise BadInput that lists every problem of a retraining that is to be started.

    Nothing is loaded, and nothing is downloaded: whether the hub gives a base out, the run itself finds.
    """
    options.to_arguments(preset)
    config = train.configure(preset, base=options.base, max_rows=options.max_rows, services=services)
    problems = _data_problems(services.settings.base_data, needed=config is not None)
    if config is None:
        if problems:
            raise BadInput(" ".join(problems))
        return
    try:
        if folder := find_local(config.base.name):
            check_precision(read_config(folder), config.base.precision, folder, "cpu")
    except ModeratoError as error:
        problems.append(f"base: {error}")
    presets.check(config, problems)


def _data_problems(data: Path | None, *, needed: bool) -> list[str]:
    if data is None:
        lacking = "base data: none is set, and a transformer would forget what it does not see. Set MODERATO_BASE_DATA."
        return [lacking] if needed else []
    return [] if data.is_file() else [f"base data: {data} is not there. Correct MODERATO_BASE_DATA."]
