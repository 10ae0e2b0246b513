"""The Preferences page: a goal, and the hand on a phone. Keys are chosen in tests/browser/test_queue_control.py."""

import pytest

from core.own_keys import KEYS, OwnKeys
from core.session_goal import GOAL, Goal


@pytest.fixture
def page(app):
    app.run()
    return app.switch_page("preferences.py").run()


def test_a_goal_is_set_and_taken_back(page, app_services, ada):
    page.radio(key="goal_kind").set_value("minutes").run()
    assert app_services.preferences.get(ada, GOAL) == {"items": 0, "minutes": 45}
    page.number_input(key="goal_minutes").set_value(30).run()
    assert Goal.parse(app_services.preferences.get(ada, GOAL)) == Goal(minutes=30)
    page.radio(key="goal_kind").set_value("items").run()
    assert Goal.parse(app_services.preferences.get(ada, GOAL)) == Goal(items=60)
    page.radio(key="goal_kind").set_value("none").run()
    assert app_services.preferences.get(ada, GOAL) is None


def test_the_hand_is_kept_beside_the_keys(page, app_services, ada):
    app_services.preferences.put(KEYS, OwnKeys("left", (("skip", "q"),)).as_json(), by=ada)
    page.radio(key="keys_hand").set_value("right").run()
    assert OwnKeys.parse(app_services.preferences.get(ada, KEYS)) == OwnKeys("left", (("skip", "q"),), "right")


@pytest.mark.parametrize("value", [None, 4, [], {"layout": 3, "own": [], "hand": "both"},
                                   {"own": {"skip": 3, "x" * 50: "a", "": "b", "hold": ""}}])  # fmt: skip
def test_any_json_is_some_keys(value):
    assert OwnKeys.parse(value) == OwnKeys()


@pytest.mark.parametrize("value", [None, 4, {"items": -1}, {"items": True}, {"minutes": 1e9}, {"items": "60"}])
def test_any_json_is_some_goal(value):
    assert Goal.parse(value) == Goal()
