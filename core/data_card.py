"""The data card of an export: what it holds, what was left out and why, and the hash that proves it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from core.domain import unpack_labels
from core.labels import LABELS
from db.stores.datasets import DecidedComment

_SHOWN = 50
"""Sources and moderators listed by name; the others are summed."""


@dataclass(slots=True)
class Tally:
    """Counts over the rows of an export."""

    rows: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)
    moderators: Counter[str] = field(default_factory=Counter)
    lanes: Counter[str] = field(default_factory=Counter)

    def add(self, comment: DecidedComment) -> None:
        """Count one row."""
        self.rows += 1
        flags = unpack_labels(comment.labels)
        self.labels.update(label for label, on in zip(LABELS, flags, strict=True) if on)
        self.labels["none of them"] += not any(flags)
        self.sources[comment.source] += 1
        self.moderators[comment.moderator] += 1
        self.lanes[comment.lane + (" (blind)" if comment.blind else "")] += 1


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Comments that are not in an export, by reason."""

    undecided: int
    """No decision holds: waiting, allowed without review, escalated, or not scored."""
    filtered: int
    """Decided, but outside the filters."""
    evaluation: int
    """Audit or golden items, or of the same content as one: training must not see them."""


def write_card(
    tally: Tally,
    left_out: LeftOut,
    *,
    purpose: str,
    sha256: str,
    filters: Mapping[str, object],
    person: str,
    at: datetime,
) -> str:
    """The card, in Markdown. Names from outside stand in code spans."""
    chosen = ", ".join(f"{name} {_code(str(value))}" for name, value in filters.items()) or "none"
    kept = "Audit and golden items are left out." if purpose == "training" else "Everything decided, audit items too."
    parts = [
        f"# Corrected labels: {purpose} export of {at:%Y-%m-%d %H:%M} UTC",
        f"- SHA-256 of the file: `{sha256}`\n- Rows: {tally.rows:,}\n- Purpose: {purpose}. {kept}\n"
        f"- Filters: {chosen}\n- Exported by: {_code(person)}\n"
        "- A row is a comment with the newest decision that nobody took back, in order of comment id.",
        _table("Label", tally.labels, [*LABELS, "none of them"]),
        _table("Source", tally.sources),
        _table("Moderator", tally.moderators),
        _table("Lane", tally.lanes),
        _left_out(left_out, training=purpose == "training"),
    ]
    return "\n\n".join(parts) + "\n"


def _left_out(left_out: LeftOut, *, training: bool) -> str:
    reasons = {
        "without a decision that holds (waiting, allowed without review, escalated, not scored)": left_out.undecided,
        "decided, but outside the filters": left_out.filtered,
    }
    if training:
        reasons["audit or golden items, or the same content as one: they measure the model"] = left_out.evaluation
    lines = [f"- {count:,} {reason}" for reason, count in reasons.items()]
    return "## Left out\n\n" + "\n".join(lines)


def _table(title: str, counts: Counter[str], names: list[str] | None = None) -> str:
    shown = names or [name for name, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:_SHOWN]]
    rest = counts.total() - sum(counts[name] for name in shown)
    lines = [f"| {_code(name)} | {counts[name]:,} |" for name in shown]
    lines += [f"| others | {rest:,} |"] if rest and not names else []
    return "\n".join([f"## By {title.lower()}", "", f"| {title} | Rows |", "|---|---:|", *lines])


def _code(text: str) -> str:
    """A code span that holds whatever the text is: nothing in it is read as Markdown."""
    plain = "".join(c if c.isprintable() and c not in "`|" else "\ufffd" for c in text)
    return f"`{plain}`"
