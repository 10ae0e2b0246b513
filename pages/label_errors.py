"""Label errors: items whose human labels look wrong, and their way back into the queue."""

import streamlit as st

from core.accounts import Action
from core.errors import ModeratoError
from pages.shared import label_errors_panel as panel
from pages.shared.access import require
from pages.shared.notice import notice
from pages.shared.resources import services
from pages.shared.words import _, said

require(Action.FIND_LABEL_ERRORS)
st.title(_("Label errors"))
st.write(
    _(
        "Each comment is scored by a model that has not seen it. Where that model is sure and the label says "
        "otherwise, the label may be wrong, or the model. **Nothing changes by itself**: what you send back is "
        "decided again, blind, like any other comment. Audit items may be sent back too; since only those are that "
        "the model disagrees with, the metrics then favour models like it a little."
    )
)
panel.draw_run()
try:
    found = services().label_errors.latest()
except ModeratoError as error:
    notice(said(error))
    st.stop()
if found is None:
    with st.container(border=True):
        st.subheader(_("No list yet"))
        st.write(_("Look for wrong labels once a few hundred comments are decided, or in the base data."))
else:
    panel.draw_list(found)
