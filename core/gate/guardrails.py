"""A verdict per guardrail: which of them block, and what was found in a sentence.

Blocking: AUC, in the mean and by label, and bias that is worse beyond its interval and by more than BIAS_MARGIN.
Warning: average precision, recall at the policy's thresholds, calibration; whoever promotes should then look at the
thresholds. Speed only informs: how fast is fast enough, the traffic says.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from core.gate.report import (
    BIAS_KINDS,
    MEASURES,
    Bias,
    Comparison,
    Guardrail,
    SetComparison,
    Speed,
    Verdict,
)
from core.labels import LABEL_TITLES

BIAS_MARGIN: Final = 0.02
"""How much lower a bias AUC may be, even if the interval is sure of it."""
_SPEED_MARGIN: Final = 0.1
_SHORT: Final = {"audit": "the audit sample", "golden": "golden items", "test": "the frozen test part"}
_NAMED: Final = 3
"""Figures that a sentence names; the tables have all."""

Found = list[tuple[str, Comparison]]


def judge(
    sets: Sequence[SetComparison], pooled: Comparison | None, bias: Bias | None, speed: Speed | None
) -> list[Guardrail]:
    """All guardrails that there is something to say about, the blocking ones first."""
    means: Found = [(f"mean on {_title(one)}", one.mean) for one in sets]
    means += [("mean over all sets", pooled)] if pooled and len(sets) > 1 else []
    labels: Found = [
        (f"{LABEL_TITLES[name]} on {_title(one)}", found) for one in sets for name, found in one.labels.items()
    ]
    made = [
        _judged("mean_auc", "AUC, mean", means, blocks=True),
        _judged("label_auc", "AUC, each label", labels, blocks=True),
        *([_bias(bias)] if bias else []),
        *(_warning(name, sets) for name in MEASURES if name != "flagged" and any(name in one.measures for one in sets)),
        *([_speed(speed)] if speed else []),
    ]
    return made


def bias_reasons(bias: Bias | None) -> list[str]:
    """Why the bias refuses; empty where it does not."""
    if bias is None:
        return []
    return [
        f"Bias is worse, {name}: {found.live:.4f} → {found.challenger:.4f}, difference {found.difference:+.4f} "
        f"[{found.low:+.4f}, {found.high:+.4f}]; {BIAS_MARGIN} is allowed."
        for name, found in _bias_figures(bias)
        if found.verdict == "worse" and found.difference is not None and found.difference < -BIAS_MARGIN
    ]


def _bias_figures(bias: Bias) -> Found:
    found: Found = []
    for kind, title in BIAS_KINDS.items():
        found.append((f"{title}, mean of all terms", bias.mean[kind]))
        found.append((f"{title}, worst term", bias.worst[kind]))
        found += [(f"{title}, “{term}”", kinds[kind]) for term, kinds in bias.terms.items()]
    return found


def _bias(bias: Bias) -> Guardrail:
    figures = _bias_figures(bias)
    blocking = bool(bias_reasons(bias))
    verdict = "worse" if blocking else "same" if verdict_of(figures) == "worse" else verdict_of(figures)
    words = _words(figures)
    if not blocking and verdict_of(figures) == "worse":
        words += f" That is within {BIAS_MARGIN}, which is allowed."
    return Guardrail("bias", "Bias on identity templates", verdict, True, words)


def _warning(name: str, sets: Sequence[SetComparison]) -> Guardrail:
    found = [
        (f"{title} on {_title(one)}", value)
        for one in sets
        if name in one.measures
        for title, value in _rows(one.measures[name].labels, one.measures[name].mean)
    ]
    made = _judged(name, MEASURES[name], found, blocks=False)
    if name != "recall" or made.verdict not in ("better", "worse"):
        return made
    return Guardrail(made.name, made.title, made.verdict, made.blocks, f"{made.words} {_flagging(sets)}".strip())


def _rows(labels: dict[str, Comparison], mean: Comparison) -> Found:
    return [*((LABEL_TITLES[name], value) for name, value in labels.items()), ("mean", mean)]


def _flagging(sets: Sequence[SetComparison]) -> str:
    """Whether another recall goes with another share flagged: then the scale moved, and not only the ranking."""
    moved = [
        f"{title} {value.live:.2%} → {value.challenger:.2%}"
        for one in sets[:1]
        if "flagged" in one.measures
        for title, value in _rows(one.measures["flagged"].labels, one.measures["flagged"].mean)
        if value.verdict in ("more", "fewer") and title != "mean"
    ]
    if not moved:
        return "It flags about as many comments as the live model does."
    return (
        f"It also flags another share of the comments ({', '.join(moved[:_NAMED])}): its scale differs, so set the "
        "thresholds anew on the Policy page when you promote it."
    )


def _speed(speed: Speed) -> Guardrail:
    ratio = speed.challenger / speed.live if speed.live > 0 else 1.0
    verdict: Verdict = "better" if ratio > 1 + _SPEED_MARGIN else "worse" if ratio < 1 - _SPEED_MARGIN else "same"
    words = f"{speed.live:,.0f} → {speed.challenger:,.0f} texts a second on this machine ({speed.texts:,} texts)."
    return Guardrail("speed", "Scoring speed", verdict, False, words)


def _judged(name: str, title: str, found: Found, *, blocks: bool) -> Guardrail:
    return Guardrail(name, title, verdict_of(found), blocks, _words(found))


def verdict_of(found: Found) -> Verdict:
    """Worse if any is; else better if any is; too few if none could be compared."""
    verdicts = {one.verdict for _, one in found}
    for verdict in ("worse", "better", "same"):
        if verdict in verdicts:
            return verdict
    return "too few"


def _words(found: Found) -> str:
    known = [(name, one) for name, one in found if one.difference is not None]
    if not known:
        return "Too few comments to compare anything."
    parts = [_list(word, ((n, c) for n, c in known if c.verdict == word.lower())) for word in ("Worse", "Better")]
    if not any(parts):
        name, one = max(known, key=lambda pair: abs(pair[1].difference or 0.0))
        parts.append(f"No difference beyond its interval; the largest is {_figures(name, one)}.")
    return " ".join(part for part in parts if part)


def _list(word: str, found: Iterable[tuple[str, Comparison]]) -> str:
    ranked = sorted(found, key=lambda pair: -abs(pair[1].difference or 0.0))
    if not ranked:
        return ""
    more = f" and {len(ranked) - _NAMED} more" if len(ranked) > _NAMED else ""
    return f"{word}: {'; '.join(_figures(name, one) for name, one in ranked[:_NAMED])}{more}."


def _figures(name: str, one: Comparison) -> str:
    return f"{name} {one.live:.4f} → {one.challenger:.4f} [{one.low:+.4f}, {one.high:+.4f}]"


def _title(one: SetComparison) -> str:
    return _SHORT.get(one.name, one.name)
