"""A shadow model's numbers as HTML tables."""

from datetime import timedelta
from html import escape

from core.labels import LABELS
from core.shadow import LATEST, Agreement, Judged, ShadowReport
from pages.shared.figures import heads, table
from pages.shared.titles import band_names, label_title, label_titles
from pages.shared.words import _, written

_CSS = """<style>
.m-shadow{display:flex;flex-wrap:wrap;gap:.15rem 1.25rem;font-size:.875rem;line-height:1.5}
.m-shadow i{font-style:normal;opacity:.7;margin-right:.15rem}
.m-say{font-size:.875rem;line-height:1.45;opacity:.85;margin:.25rem 0 .75rem}
.m-part .m-fig td small{display:block}.m-part .m-fig td{vertical-align:top}.m-part .m-fig th{white-space:normal}
</style>"""


def facts(report: ShadowReport) -> str:
    """Since when, how many, how far behind."""
    shadow = report.shadow
    pairs = {
        _("Since"): _("{at:%Y-%m-%d %H:%M} UTC, by {person}").format(at=shadow.started_at, person=shadow.person),
        _("Scored"): written(report.scored),
        _("Waiting"): _waiting(report),
        _("Differ"): written(report.differ)
        + (f" ({written(report.differ / report.scored, '.1%')})" if report.scored else ""),
        _("Drawn for people"): _("{drawn:,} (at a rate of {rate:.1%})").format(drawn=report.drawn, rate=shadow.rate),
    }
    if report.failed:
        pairs[_("Failed")] = _("{many:,} that it gives no scores for").format(many=report.failed)
    made = "".join(f"<span><i>{name}</i> {escape(value)}</span>" for name, value in pairs.items())
    return f'{_CSS}<div class="m-shadow">{made}</div>'


def _waiting(report: ShadowReport) -> str:
    if not report.lag:
        return written(report.waiting)
    return _("{many:,}, the oldest for {span}").format(many=report.waiting, span=_span(report.lag))


def agreement(report: ShadowReport) -> str:
    """How often each flags a label, at the policy's thresholds."""
    head = heads(_("Label"), _("Both flag"), _("Only live"), _("Only shadow"), _("Neither"))
    rows = [_agreement_row(label_title(name), one) for name, one in report.labels.items()]
    total = _agreement_row(_("Any label"), report.any_label).replace("<tr>", '<tr class="mean">')
    return _part(table(_("At the policy's thresholds, all comments scored by both"), head, [*rows, total]))


def answers(report: ShadowReport) -> str:
    """Of the comments that one model alone flags, which share deserved it."""
    head = heads(_("Label"), _("Only live flags"), _("Only shadow flags"))
    rows = [
        f"<tr><td>{title}</td>"
        f"<td>{_judged(report.only_live[name])}</td><td>{_judged(report.only_shadow[name])}</td></tr>"
        for name, title in zip(LABELS, label_titles(), strict=True)
    ]
    say = [_sentence(name, report.only_shadow[name]) for name in LABELS]
    waits = (
        _(
            "{many:,} of the drawn wait in the flagged lane, where those likely to have rare "
            "labels are served first: until they are decided, the shares are of what is served first."
        ).format(many=report.open_flagged)
        if report.open_flagged
        else ""
    )
    words = " ".join(part for part in [*say, waits] if part)
    caption = _("Who was right: share that deserved the label")
    return f'{_part(table(caption, head, rows))}<div class="m-say">{escape(words)}</div>'


def bands(report: ShadowReport) -> str:
    """Where in the live model's scores they part."""
    head = heads(_("Highest live score"), _("Live flags more"), _("Shadow flags more"), _("Mixed"))
    rows = [
        f"<tr><td>{title}</td><td>{written(one.only_live)}</td><td>{written(one.only_shadow)}</td>"
        f"<td>{written(one.mixed)}</td></tr>"
        for title, one in zip(band_names(), report.bands, strict=True)
    ]
    return _part(table(_("The latest disagreements by score band, {most:,} at most").format(most=LATEST), head, rows))


def _part(made: str) -> str:
    return f'{_CSS}<div class="m-part">{made}</div>'


def _agreement_row(title: str, one: Agreement) -> str:
    total = max(one.total, 1)
    cells = "".join(
        f"<td>{written(count)} <small>{written(count / total, '.2%')}</small></td>"
        for count in (one.both, one.only_live, one.only_shadow, one.neither)
    )
    return f"<tr><td>{title}</td>{cells}</tr>"


def _judged(one: Judged) -> str:
    many = _("{decided:,} of {drawn:,} decided").format(decided=one.decided, drawn=one.drawn)
    many = f"<small>{many}</small>"
    if one.deserved is None:
        return f"<small>{_('too few')}</small> {many}" if one.drawn else f"<small>{_('none drawn')}</small>"
    found = one.deserved
    return (
        f"{written(found.value, '.0%')} <small>{written(found.low, '.0%')}–{written(found.high, '.0%')}</small>{many}"
    )


def _sentence(label: str, one: Judged) -> str:
    if one.deserved is None:
        return ""
    found = one.deserved
    return _(
        "Of the comments that only the challenger flags as {label}, {value:.0%} ({low:.0%}–{high:.0%}) deserved it."
    ).format(label=label_title(label), value=found.value, low=found.low, high=found.high)


def _span(lag: timedelta) -> str:
    seconds = max(lag.total_seconds(), 0)
    if seconds < 90:
        return _("{seconds:.0f} s").format(seconds=seconds)
    return (
        _("{seconds:.0f} min").format(seconds=seconds / 60)
        if seconds < 5400
        else _("{seconds:.1f} h").format(seconds=seconds / 3600)
    )
