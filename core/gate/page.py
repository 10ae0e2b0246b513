"""A gate report as one HTML file that needs nothing else: no scripts, no other files, light and dark, fit to print."""

from collections.abc import Iterable
from datetime import datetime
from html import escape
from typing import Final

from core.gate import tables
from core.gate.report import GateReport
from core.labels import LABEL_TITLES

_CSS: Final = """
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;background:Canvas;
 color:CanvasText}
h1{font-size:1.5rem;margin:0 0 .25rem}h2{font-size:1.15rem;margin:2rem 0 .5rem}
p.small{opacity:.75;font-size:.9rem;margin:.1rem 0}
.say{border-radius:.5rem;border:1px solid;padding:.6rem .9rem;margin:.5rem 0;overflow-wrap:anywhere;
 border-color:color-mix(in srgb,var(--m-tone) 55%,transparent);
 background:color-mix(in srgb,var(--m-tone) 12%,transparent)}
.say.good{--m-tone:#059669}.say.bad{--m-tone:#dc2626}.say.note{--m-tone:#2563eb}
dt{font-weight:600}dd{margin:0 0 .6rem}
@media print{body{max-width:none;margin:0;font-size:11pt}.m-gate{break-inside:avoid;overflow:visible}
 h2{break-after:avoid}.m-mark,.say{print-color-adjust:exact}}
"""

_TERMS: Final = (
    (
        "The interval",
        "95 %, from a paired bootstrap of 1,000 resamples: both models meet the same comments, so what both find hard "
        "cancels out. All intervals of one guardrail hold at once, which makes them wider than one alone would be; so "
        "a model that is just as good is refused in fewer than one run in ten for having many figures looked at.",
    ),
    (
        "Verdict",
        "Better or worse: the interval lies wholly above or below zero. No worse: it does not. Too few: fewer than ten "
        "comments with, or ten without, the label.",
    ),
    ("AUC", "Chance that a comment with the label scores above one without it. Does not depend on thresholds."),
    ("Average precision", "Mean precision over all recalls: how clean the top of the list is, for rare labels."),
    (
        "Recall and share flagged",
        "At the policy's thresholds, the same for both. A model whose scale differs flags another share of the "
        "comments, and recall moves with that: read the two together, and set thresholds anew.",
    ),
    ("Calibration error", "Mean distance between what the model says and how often it is true, 15 equal groups."),
    (
        "Bias",
        "On sentences that differ in an identity term alone (AUC of Toxic). Subgroup: within the term's sentences. "
        "BPSN: its harmless ones against others' toxic ones; low means that the term alone looks toxic. BNSP: its "
        "toxic ones against others' harmless ones; low means that the term hides toxicity.",
    ),
)


def report_html(report: GateReport, made_at: datetime, person: str = "") -> str:
    """The whole document."""
    against = report.live or "no live model"
    title = f"Gate report: {report.challenger} against {against}"
    by = f", asked for by {person}" if person else ""
    body = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="small">Moderato, {made_at:%Y-%m-%d %H:%M} UTC{escape(by)}</p>',
        *_verdict(report),
        tables.guardrails(report.guardrails) if report.guardrails else "",
        *_sections(report),
        *_thresholds(report),
        *_glossary(),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{escape(title)}</title><style>{tables.CSS}{_CSS}</style></head><body>{''.join(body)}</body></html>"
    )


def _verdict(report: GateReport) -> Iterable[str]:
    if report.passed:
        yield '<p class="say good">The gate lets it pass.</p>'
    for reason in report.reasons:
        yield f'<p class="say bad">The gate refuses it: {escape(reason)}</p>'
    for note in report.notes:
        yield f'<p class="say note">{escape(note)}</p>'


def _sections(report: GateReport) -> Iterable[str]:
    if report.sets:
        yield f"<h2>On labelled comments</h2>{tables.pooled_table(report)}"
    for one in report.sets:
        yield from tables.set_tables(one)
    if report.bias:
        yield "<h2>On identity templates</h2>"
        yield from tables.bias_tables(report.bias)


def _thresholds(report: GateReport) -> Iterable[str]:
    if report.thresholds:
        pairs = zip(LABEL_TITLES.values(), report.thresholds, strict=False)
        at = ", ".join(f"{escape(title)} {value:g}" for title, value in pairs)
        yield f'<p class="small">The policy\'s thresholds: {at}.</p>'


def _glossary() -> Iterable[str]:
    yield "<h2>How to read this</h2><dl>"
    for term, words in _TERMS:
        yield f"<dt>{escape(term)}</dt><dd>{escape(words)}</dd>"
    yield "</dl>"
