"""Agreement as HTML tables: intervals beneath the numbers, "too few" where there is no number."""

from collections.abc import Sequence
from html import escape

from core.agreement import Couple
from core.labels import LABEL_TITLES, LABELS
from core.metrics.agreement import Agreement, Coefficient
from core.metrics.bins import Floats
from core.metrics.intervals import Estimate
from core.metrics.second_opinions import LabelError, Pull, Versus
from pages.shared.comment import plain
from pages.shared.metrics_tables import CSS, FEW_WORDS

_OWN = """<style>
.m-mix td{text-align:center;border-radius:.35rem}
.m-mix{border-collapse:separate;border-spacing:2px}
.m-mix thead th{text-align:center}
.m-mix td:not(:first-child){min-width:3.4rem}
.m-numbers th.m-who{min-width:8rem;max-width:16rem;white-space:normal;overflow-wrap:anywhere}
</style>"""
_NAME = 40
"""Characters of a name that are shown."""
_TITLES = [LABEL_TITLES[label] for label in LABELS]


def by_label(found: Sequence[Agreement | None]) -> str:
    """Agreement on each label."""
    rows = [
        (title, [f"{one.pairs:,}", f"{one.given:,}", percent(one.percent), signed(one.kappa), signed(one.alpha)])
        if one else (title, [FEW_WORDS] * 5)
        for title, one in zip(_TITLES, found, strict=True)
    ]  # fmt: skip
    return _table(["Label", "Comments", "Label given", "Same answer", "Cohen's kappa", "Krippendorff's alpha"], rows)


def couples(found: Sequence[Couple]) -> str:
    """Agreement of two people each."""
    rows = [
        (
            " and ".join(f"<bdi>{escape(plain(name, _NAME))}</bdi>" for name in (couple.one, couple.other)),
            [f"{couple.pairs:,}", percent(couple.same), *(signed(one.kappa if one else None) for one in couple.labels)],
        )
        for couple in found
    ]
    return _table(["Who", "Comments", "Same in all", *_TITLES], rows, names="m-who")


def confusion(shares: Floats, many: Floats) -> str:
    """How often the second gives a label where the first gave another."""
    names = [*_TITLES, "No label"]
    head = "".join(f"<th>{name}</th>" for name in ("First says", "Comments", *names))
    body = "".join(_mix_row(name, row, int(count), at) for at, (name, row, count) in
                   enumerate(zip(names, shares, many, strict=True)))  # fmt: skip
    table = f'<table class="m-numbers m-mix"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    return f'{CSS}{_OWN}<div class="m-scroll">{table}</div>'


def human_error(found: Sequence[LabelError | None]) -> str:
    """How often one person is right."""
    rows = [
        (title, [f"{one.pairs:,}", f"{one.disagreements:,}<small>{one.judged:,} adjudicated</small>",
                 percent(one.sensitivity), percent(one.specificity, 2)])
        if one else (title, [FEW_WORDS] * 4)
        for title, one in zip(_TITLES, found, strict=True)
    ]  # fmt: skip
    return _table(["Label", "Comments", "Disagreements", "Sees it when it is there", "Leaves it when it is not"], rows)


def versus(found: Sequence[Versus | None]) -> str:
    """The model against people."""
    rows = [
        (title, [f"{one.pairs:,}", percent(one.model, 2), percent(one.people, 2), points(one.more, 2)])
        if one else (title, [FEW_WORDS] * 4)
        for title, one in zip(_TITLES, found, strict=True)
    ]  # fmt: skip
    return _table(["Label", "Comments", "Model and second differ", "First and second differ", "Model, more"], rows)


def pulls(found: Sequence[Pull | None], control: Sequence[Pull | None]) -> str:
    """How far shown scores pull."""
    rows = [
        (title, [f"{one.preset:,}", percent(one.kept), percent(one.blind), points(one.more_kept), points(one.pull),
                 points(other.pull) if other else FEW_WORDS])
        if one else (title, [FEW_WORDS] * 6)
        for title, one, other in zip(_TITLES, found, control, strict=True)
    ]  # fmt: skip
    head = ["Label", "Pre-set", "Kept, scores shown", "Given, blind", "Difference", "Pull", "Both blind"]
    return _table(head, rows)


def percent(found: Estimate | None, digits: int = 1) -> str:
    """A share with its interval beneath."""
    if found is None:
        return FEW_WORDS
    low, high = f"{found.low * 100:.{digits}f}", f"{found.high:.{digits}%}"
    return f"{found.value:.{digits}%}<small>{low} – {high}</small>"


def numbers_table(head: Sequence[str], rows: Sequence[tuple[str, Sequence[str]]]) -> str:
    """A table of numbers by name; names and cells are HTML."""
    return _table(head, rows)


def signed(found: Coefficient | None) -> str:
    """A coefficient with its interval beneath."""
    if found is None:
        return FEW_WORDS
    return f"{found.value:.2f}<small>{found.low:.2f} – {found.high:.2f}</small>"


def points(found: Coefficient, digits: int = 1) -> str:
    """A difference of shares in percentage points, with its interval beneath."""
    value, low, high = (f"{end * 100:+.{digits}f}" for end in (found.value, found.low, found.high))
    return f"{value}<small>{low} – {high}</small>"


def _table(head: Sequence[str], rows: Sequence[tuple[str, Sequence[str]]], *, names: str = "") -> str:
    """First cells of the rows are HTML already."""
    titles = "".join(f"<th>{name}</th>" for name in head)
    kind = f' class="{names}"' if names else ""
    body = "".join(
        f'<tr class="m-first"><th{kind}>{name}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>'
        for name, cells in rows
    )
    table = f'<table class="m-numbers"><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table>'
    return f'{CSS}{_OWN}<div class="m-scroll">{table}</div>'


def _mix_row(name: str, shares: Floats, count: int, at: int) -> str:
    cells = ""
    for column, share in enumerate(shares):
        hue = "4,120,87" if column == at else "180,83,9"
        style = f"background:rgba({hue},{0.06 + 0.4 * share:.2f})" if share >= 0.005 else ""
        cells += f'<td style="{style}">{f"{share:.0%}" if count else "–"}</td>'
    return f"<tr><th>{name}</th><td>{count:,}</td>{cells}</tr>"
