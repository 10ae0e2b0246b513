"""Guidelines: what each label means here, in versions. Everybody reads them, leads write them."""

import streamlit as st

from core.accounts import Action
from core.guidelines import TOPICS
from pages.shared import guideline_edit, guideline_versions, state
from pages.shared.access import require
from pages.shared.guideline_view import draw_guideline, topic_title
from pages.shared.resources import services
from pages.shared.words import _

person = require(Action.READ_GUIDELINES)
st.title(_("Guidelines"))
st.write(
    _(
        "What each label means here. The card shows them at the labels (I). Each change is a new version, and every "
        "decision can be traced to the versions that were in force when it was made."
    )
)
state.heed_address("topic", {topic: topic for topic in TOPICS})
topic = st.pills(
    _("Label"), TOPICS, default=TOPICS[0], format_func=topic_title, key="topic", required=True, bind="query-params",
    label_visibility="collapsed",
) or TOPICS[0]  # fmt: skip
versions = services().guidelines.list_of(topic, by=person)
st.subheader(topic_title(topic))
guideline_edit.draw_saved(topic)
if person.may(Action.WRITE_GUIDELINES) and guideline_edit.is_open(topic):
    guideline_edit.draw_editor(versions[0])
else:
    draw_guideline(versions[0])
    if person.may(Action.WRITE_GUIDELINES):
        guideline_edit.draw_begin(versions[0])
guideline_versions.draw_versions(versions, may_write=person.may(Action.WRITE_GUIDELINES))
