"""Agreement as HTML tables: intervals beneath the numbers, "too few" where there is no number."""

from collections.abc import Sequence

from core.agreement import Spreads
from core.metrics.agreement import Agreement, Coefficient
from core.metrics.bins import Floats
from core.metrics.intervals import Estimate
from core.metrics.second_opinions import LabelError, Pull, Versus
from pages.shared.metrics_tables import CSS, few_words
from pages.shared.titles import label_titles
from pages.shared.words import _, ngettext, written

_OWN = """<style>
.m-mix td{text-align:center;border-radius:.35rem}
.m-mix{border-collapse:separate;border-spacing:2px}
.m-mix thead th{text-align:center}
.m-mix td:not(:first-child){min-width:3.4rem}
</style>"""


def by_label(found: Sequence[Agreement | None]) -> str:
    """Agreement on each label."""
    rows = [
        (title, [written(one.pairs), written(one.given), percent(one.percent), signed(one.kappa), signed(one.alpha)])
        if one else (title, [few_words()] * 5)
        for title, one in zip(label_titles(), found, strict=True)
    ]  # fmt: skip
    return _table(
        [_("Label"), _("Comments"), _("Label given"), _("Same answer"), _("Cohen's kappa"), _("Krippendorff's alpha")],
        rows,
    )


def spreads(found: Spreads) -> str:
    """How far pairs of people lie apart, without a name."""
    same = found.same
    rows = [(_("Same in all"), [written(same.couples), *(percent(one) for one in (same.low, same.middle, same.high))]
             if same else [few_words()] * 4)]  # fmt: skip
    rows += [
        (title, [written(one.couples), signed(one.low), signed(one.middle), signed(one.high)])
        if one else (title, [few_words()] * 4)
        for title, one in zip(label_titles(), found.labels, strict=True)
    ]  # fmt: skip
    return _table([_("Label"), _("Pairs of people"), _("Lowest"), _("In the middle"), _("Highest")], rows)


def confusion(shares: Floats, many: Floats) -> str:
    """How often the second gives a label where the first gave another."""
    names = [*label_titles(), _("No label")]
    head = "".join(f"<th>{name}</th>" for name in (_("First says"), _("Comments"), *names))
    body = "".join(_mix_row(name, row, int(count), at) for at, (name, row, count) in
                   enumerate(zip(names, shares, many, strict=True)))  # fmt: skip
    table = f'<table class="m-numbers m-mix"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    return f'{CSS}{_OWN}<div class="m-scroll">{table}</div>'


def human_error(found: Sequence[LabelError | None]) -> str:
    """How often one person is right."""
    rows = [
        (title, [written(one.pairs), f"{written(one.disagreements)}<small>{_judged(one.judged)}</small>",
                 percent(one.sensitivity), percent(one.specificity, 2)])
        if one else (title, [few_words()] * 4)
        for title, one in zip(label_titles(), found, strict=True)
    ]  # fmt: skip
    return _table(
        [_("Label"), _("Comments"), _("Disagreements"), _("Sees it when it is there"), _("Leaves it when it is not")],
        rows,
    )


def versus(found: Sequence[Versus | None]) -> str:
    """The model against people."""
    rows = [
        (title, [written(one.pairs), percent(one.model, 2), percent(one.people, 2), points(one.more, 2)])
        if one else (title, [few_words()] * 4)
        for title, one in zip(label_titles(), found, strict=True)
    ]  # fmt: skip
    return _table(
        [_("Label"), _("Comments"), _("Model and second differ"), _("First and second differ"), _("Model, more")], rows
    )


def pulls(found: Sequence[Pull | None], control: Sequence[Pull | None]) -> str:
    """How far shown scores pull."""
    rows = [
        (title, [written(one.preset), percent(one.kept), percent(one.blind), points(one.more_kept), points(one.pull),
                 points(other.pull) if other else few_words()])
        if one else (title, [few_words()] * 6)
        for title, one, other in zip(label_titles(), found, control, strict=True)
    ]  # fmt: skip
    head = [
        _("Label"),
        _("Pre-set"),
        _("Kept, scores shown"),
        _("Given, blind"),
        _("Difference"),
        _("Pull"),
        _("Both blind"),
    ]
    return _table(head, rows)


def percent(found: Estimate | None, digits: int = 1) -> str:
    """A share with its interval beneath."""
    if found is None:
        return few_words()
    low, high = written(found.low * 100, f".{digits}f"), written(found.high, f".{digits}%")
    return f"{written(found.value, f'.{digits}%')}<small>{low} – {high}</small>"


def numbers_table(head: Sequence[str], rows: Sequence[tuple[str, Sequence[str]]]) -> str:
    """A table of numbers by name; names and cells are HTML."""
    return _table(head, rows)


def signed(found: Coefficient | None) -> str:
    """A coefficient with its interval beneath."""
    if found is None:
        return few_words()
    return f"{written(found.value, '.2f')}<small>{written(found.low, '.2f')} – {written(found.high, '.2f')}</small>"


def points(found: Coefficient, digits: int = 1) -> str:
    """A difference of shares in percentage points, with its interval beneath."""
    value, low, high = (written(end * 100, f"+.{digits}f") for end in (found.value, found.low, found.high))
    return f"{value}<small>{low} – {high}</small>"


def _judged(many: int) -> str:
    return ngettext("{many:,} adjudicated", "{many:,} adjudicated", many).format(many=many)


def _table(head: Sequence[str], rows: Sequence[tuple[str, Sequence[str]]]) -> str:
    """First cells of the rows are HTML already."""
    titles = "".join(f"<th>{name}</th>" for name in head)
    body = "".join(
        f'<tr class="m-first"><th>{name}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>'
        for name, cells in rows
    )
    table = f'<table class="m-numbers"><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table>'
    return f'{CSS}{_OWN}<div class="m-scroll">{table}</div>'


def _mix_row(name: str, shares: Floats, count: int, at: int) -> str:
    cells = ""
    for column, share in enumerate(shares):
        hue = "4,120,87" if column == at else "180,83,9"
        style = f"background:rgba({hue},{0.06 + 0.4 * share:.2f})" if share >= 0.005 else ""
        cells += f'<td style="{style}">{written(share, ".0%") if count else "–"}</td>'
    return f"<tr><th>{name}</th><td>{written(count)}</td>{cells}</tr>"
