"""Signing in by name, and being refused without one."""

import pytest


def test_a_stranger_is_asked_for_a_name_and_sees_nothing_else(stranger):
    stranger.run()
    assert [field.label for field in stranger.text_input] == ["Your name"]
    assert not stranger.button(key="start").disabled
    assert "Review queue" not in [title.value for title in stranger.title]


def test_a_name_opens_the_queue_and_can_be_changed(stranger):
    stranger.run()
    stranger.text_input(key="name").input("  Ada \n Lovelace ")
    stranger.button(key="start").click().run()
    assert "Ada Lovelace" in [text.value for text in stranger.sidebar.text]
    stranger.button(key="sign_out").click().run()
    assert [field.label for field in stranger.text_input] == ["Your name"]


@pytest.mark.parametrize("name", ["   ", "x" * 61, "ev\u202eil"])
def test_what_is_no_name_is_refused_with_the_rule(stranger, name):
    stranger.run()
    stranger.text_input(key="name").input(name)
    stranger.button(key="start").click().run()
    assert "1 to 60 printable characters" in stranger.error[0].value
