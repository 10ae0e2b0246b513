"""What a model's own folder says of it, for its card. Of a kind that is not known here the card says less."""

import json
from collections.abc import Mapping
from html import escape
from typing import Any

import streamlit as st

from core.domain import ModelVersion
from core.errors import ModeratoError
from core.labels import LABEL_TITLES
from core.scoring.files import resolve
from core.scoring.manifest import MANIFEST
from pages.shared import figures
from pages.shared.titles import label_titles
from pages.shared.words import _, later, written

_CSS = """<style>
.m-facts{display:flex;flex-wrap:wrap;gap:.15rem 1.25rem;font-size:.875rem;line-height:1.45;overflow-wrap:anywhere}
.m-facts i{font-style:normal;opacity:.7;margin-right:.15rem}
</style>"""
_WEIGHTS = {"adapter": later("LoRA adapter and head"), "whole": later("all weights")}
_LARGEST = 4_000_000
"""Bytes of a manifest that are read for a card."""


def draw(version: ModelVersion) -> None:
    """Kind, base, precision, rows; thresholds and calibration by label where the folder has them."""
    manifest = _read(version)
    pairs = (f"<span><i>{escape(name)}</i> {escape(value)}</span>" for name, value in _facts(version, manifest))
    st.html(f'{_CSS}<div class="m-facts">{"".join(pairs)}</div>')
    if table := _by_label(manifest):
        with st.expander(_("Thresholds and calibration"), icon=":material/tune:"):
            st.html(table)


def _read(version: ModelVersion) -> Mapping[str, Any]:
    """The folder's moderato.json; empty where there is none that can be read: a card is no reason to fail."""
    try:
        path = resolve(version.path) / MANIFEST
        found = json.loads(path.read_bytes()) if path.stat().st_size <= _LARGEST else {}
    except (OSError, ValueError, ModeratoError):
        return {}
    return found if isinstance(found, dict) else {}


def _facts(version: ModelVersion, manifest: Mapping[str, Any]) -> list[tuple[str, str]]:
    base, training = _dict(manifest.get("base")), _dict(manifest.get("training"))
    preset = training.get("preset") or _dict(version.metrics.get("training")).get("preset")
    found = {
        _("Kind"): version.kind,
        _("Preset"): preset if preset != version.kind else None,
        _("Base"): base.get("name") or version.base,
        _("Architecture"): base.get("architecture"),
        _("Held in"): manifest.get("precision"),
        _("Trained"): _weights(str(manifest.get("weights"))),
        _("Rows"): training.get("rows"),
        _("Tokens read"): manifest.get("max_tokens"),
        _("Served"): manifest.get("serving"),
    }
    return [(name, text) for name, value in found.items() if (text := _text(value))]


def _weights(kind: str) -> str | None:
    return _(_WEIGHTS[kind]) if kind in _WEIGHTS else None


def _text(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return written(value)
    return value[:300] if isinstance(value, str) else ""


def _dict(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _by_label(manifest: Mapping[str, Any]) -> str:
    """A table of the suggested threshold, and of slope and intercept, of each label; empty without all of them."""
    count = len(LABEL_TITLES)
    calibration = manifest.get("calibration")
    slopes, intercepts = calibration if isinstance(calibration, list) and len(calibration) == 2 else (None, None)
    columns = [_numbers(values, count) for values in (manifest.get("thresholds"), slopes, intercepts)]
    if not all(columns):
        return ""
    head = figures.heads(_("Label"), _("Best F1 at"), _("Slope"), _("Intercept"))
    rows = [
        f"<tr><td>{escape(title)}</td><td>{written(at, '.2f')}</td><td>{written(slope, '.3f')}</td>"
        f"<td>{written(intercept, '+.3f')}</td></tr>"
        for title, at, slope, intercept in zip(label_titles(), *columns, strict=True)
    ]
    return figures.table(_("A suggestion for the policy, and what is done to each logit (Platt)"), head, rows)


def _numbers(values: Any, count: int) -> list[float]:
    sound = isinstance(values, list) and len(values) == count and all(isinstance(v, int | float) for v in values)
    return list(values) if sound else []
