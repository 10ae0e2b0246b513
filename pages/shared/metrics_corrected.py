"""What the model's numbers become when people's own error is taken off them."""

import streamlit as st

from core.agreement import AgreementReports, ErrorFree
from core.metrics.human_error import Corrected
from core.metrics.second_opinions import LabelError
from core.metrics.service import Overview
from pages.shared.metrics_panels import Choice
from pages.shared.metrics_tables import CSS, estimate
from pages.shared.titles import label_title
from pages.shared.words import _, later

_FEW = later("too few second opinions on this label")
_ALL_ERROR = later("people would give this label as often by error alone: nothing is left to measure")


def draw(traffic: Overview, reports: AgreementReports, choice: Choice) -> None:
    """A switch, and beneath it each label's numbers as people say and as it is. Read only when it is switched on."""
    st.subheader(_("And if people's own errors are taken off?"))
    st.caption(
        _(
            "What moderators say is not always so. Second opinions tell how often each label is missed or given "
            "wrongly; here that is taken off the numbers of all traffic, and what is not known about it widens the "
            "intervals."
        )
    )
    if not st.toggle(_("Take people's errors off"), key="human_error"):
        return
    found = reports.error_free(traffic, choice.model.id, choice.days)
    if not any(found.errors):
        st.info(
            _(
                "There are too few second opinions on audit items to know how often people err. They come by "
                "themselves while two people or more review; their share is set on the Policy page."
            ),
            icon=":material/info:",
        )
        return
    st.caption(
        _(
            "*People find*: of comments that have the label, the share to which one person gives it; *people spare*: "
            "of the others, the share from which one person withholds it. What adjudication has put right already is "
            "not taken off twice."
        )
    )
    st.html(table(traffic, found))


def table(traffic: Overview, found: ErrorFree) -> str:
    """Two rows a label: as people say, and corrected."""
    names = (
        _("Label"),
        "",
        _("People find"),
        _("People spare"),
        _("Prevalence"),
        _("Precision"),
        _("Recall"),
        _("False-positive rate"),
    )
    head = "".join(f"<th>{name}</th>" for name in names)
    rows = "".join(
        _label(label_title(report.label), _said(traffic, at), found.errors[at], found.numbers[at])
        for at, report in enumerate(traffic.labels)
    )
    body = f'<table class="m-numbers"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
    return f'{CSS}<div class="m-scroll">{body}</div>'


def _said(traffic: Overview, at: int) -> str:
    report = traffic.labels[at]
    numbers = (report.ranking.prevalence, report.at.precision, report.at.recall, report.at.false_positive_rate)
    return "<td></td><td></td>" + "".join(f"<td>{estimate(one)}</td>" for one in numbers)


def _label(title: str, said: str, error: LabelError | None, found: Corrected | None) -> str:
    if error is None or found is None:
        right = f'<td class="m-few m-view" colspan="6">{_(_FEW if error is None else _ALL_ERROR)}</td>'
    else:
        numbers = (
            error.sensitivity,
            error.specificity,
            found.prevalence,
            found.precision,
            found.recall,
            found.false_positive_rate,
        )
        right = "".join(f"<td>{estimate(one)}</td>" for one in numbers)
    return (
        f'<tr class="m-reviewed m-first"><th rowspan="2">{title}</th>'
        f'<td class="m-view">{_("As people say")}</td>{said}</tr>'
        f'<tr class="m-traffic"><td class="m-view">{_("Corrected")}</td>{right}</tr>'
    )
