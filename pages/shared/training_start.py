"""The form that starts a training: the preset, its base, how many rows. Every problem is shown before it begins."""

import streamlit as st

from core.accounts import Action, Person
from core.datasets import EVERYTHING
from core.errors import ModeratoError
from core.run_process import RunOptions
from pages.shared.access import require
from pages.shared.notice import notice
from pages.shared.resources import export_preview, services
from pages.shared.words import _, ngettext, said
from training.corrections import FEWEST_CORRECTIONS
from training.start import check_start, has_base, list_presets, summarize, usual_base

_LONGEST_BASE = 500


def draw(person: Person) -> None:
    """What there is to learn from; for administrators the form."""
    found = export_preview("training", EVERYTHING, services().datasets.version())
    evaluation = found.left_out.evaluation
    words = ngettext(
        "**{many:,}** correction to learn from.", "**{many:,}** corrections to learn from.", found.rows
    ).format(many=found.rows)
    if evaluation:
        words += " " + ngettext(
            "{many:,} audit or golden item is kept out.", "{many:,} audit and golden items are kept out.", evaluation
        ).format(many=evaluation)
    st.markdown(words)
    if person.may(Action.MANAGE_MODELS):
        with st.container(border=True):
            _draw_form(enough=found.rows >= FEWEST_CORRECTIONS)


def _draw_form(*, enough: bool) -> None:
    presets = list_presets()
    preset = st.selectbox(_("Preset"), presets, index=presets.index(_likely_preset(presets)), key="train_preset")
    st.caption(f"{summarize(preset)} {_mixed_with(preset)}")
    # a form: what was just typed is sent together with the click
    with st.form("train_form", border=False):
        options = _ask_options(preset) if has_base(preset) else RunOptions()
        begin = st.form_submit_button(
            _("Retrain"),
            key="retrain",
            type="primary",
            icon=":material/model_training:",
            disabled=not enough,
            help=None
            if enough
            else _("At least {fewest} corrections are needed. Review more of the queue.").format(
                fewest=FEWEST_CORRECTIONS
            ),
        )
    if begin:
        _start(preset, options)


def _likely_preset(presets: tuple[str, ...]) -> str:
    """That of the live model."""
    live = services().registry.live()
    training = live.metrics.get("training") if live else None
    preset = training.get("preset") if isinstance(training, dict) else None
    return preset if preset in presets else presets[0]


def _mixed_with(preset: str) -> str:
    if base := services().settings.base_data:
        return _("Corrections are mixed with `{name}`.").format(name=base.name)
    if has_base(preset):
        return _("It needs base data to mix corrections with: set `MODERATO_BASE_DATA`.")
    return _("No base data is set (`MODERATO_BASE_DATA`): the live model's own weights take its place.")


def _ask_options(preset: str) -> RunOptions:
    left, right = st.columns([2, 1])
    base = left.text_input(
        _("Base"),
        usual_base(services(), preset),
        key=f"train_base_{preset}",
        max_chars=_LONGEST_BASE,
        help=_("A Hugging Face hub id, or a folder on the server. A hub id is downloaded when the training starts."),
    )
    most = right.number_input(
        _("Rows at most"),
        value=None,
        min_value=1,
        step=1000,
        key=f"train_rows_{preset}",
        placeholder=_("as in the preset"),
        help=_("Corrections and rare labels are kept first."),
    )
    return RunOptions(base=base.strip(), max_rows=most)


def _start(preset: str, options: RunOptions) -> None:
    person = require(Action.MANAGE_MODELS)
    try:
        check_start(services(), preset, options)
        services().runs.start(preset, by=person, options=options)
    except ModeratoError as error:
        notice(said(error))
    else:
        st.rerun()
