"""The few looks that the theme's settings do not reach."""

import streamlit as st

_CHOSEN = """<style>
[data-testid=stButtonGroup] :is([aria-checked=true],[aria-pressed=true],[aria-selected=true]) p,
[role=tab][aria-selected=true] p,[data-testid=stSliderThumbValue] p{color:CanvasText}
</style>"""
"""What is chosen: Streamlit writes it in the primary colour, which on dark cannot be bright enough for words and dark
enough for the white words on buttons. Black on light and white on dark can be read; border and ground still tell."""

_STILL = """<style>
@media (prefers-reduced-motion:reduce){
*,::before,::after{animation-duration:1ms!important;animation-iteration-count:1!important;
transition-duration:1ms!important;scroll-behavior:auto!important}
}
</style>"""
"""For those whom motion makes ill: what Streamlit slides, fades and pulses comes at once. Not none: some of its code
waits for the end of a transition."""


_NARROW = """<style>
@media (max-width:640px){[data-testid=stHeading] h1{font-size:2.25rem}}
</style>"""
"""On a phone a title of one long word has room, as German has them."""


def draw_looks() -> None:
    """Once a run, before the page."""
    st.html(_CHOSEN + _STILL + _NARROW)
