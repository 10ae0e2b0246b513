"""Every kind of chart in a real browser: read off, zoom, hide, follow new numbers, theme and keyboard."""

import subprocess
import sys
import time
import urllib.request

import pytest
from playwright.sync_api import expect

from core.settings import ROOT
from tests.support.postgres import free_port


@pytest.fixture(scope="module")
def gallery():
    """The address of a server of tests/support/chart_gallery.py."""
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", "tests/support/chart_gallery.py", "--server.port", str(port)]
    process = subprocess.Popen(
        [*command, "--server.address", "127.0.0.1"], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    address = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 30
    while True:
        try:
            urllib.request.urlopen(f"{address}/_stcore/health", timeout=1)
            break
        except OSError:
            assert time.monotonic() < deadline, "the gallery did not start"
            time.sleep(0.1)
    yield address
    process.kill()
    process.wait()


@pytest.fixture
def charts(browser, gallery):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.problems = []
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    page.on("dialog", lambda dialog: page.problems.append(dialog.message))
    page.goto(gallery)
    expect(page.locator(".chart canvas")).to_have_count(8, timeout=30_000)
    yield page
    assert page.problems == []
    context.close()


def chart(page, key):
    return page.locator(f".st-key-chart_{key}")


def ends(page, key, axis="x") -> list[float]:
    return [float(end) for end in chart(page, key).locator(".area").get_attribute(f"data-{axis}").split()]


def drag(page, key, start=0.25, stop=0.6) -> None:
    chart(page, key).scroll_into_view_if_needed()
    box = chart(page, key).locator(".u-over").bounding_box()
    page.mouse.move(box["x"] + box["width"] * start, box["y"] + box["height"] * 0.2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * stop, box["y"] + box["height"] * 0.7, steps=4)
    page.mouse.up()


def turn(page, number: int) -> None:
    field = page.get_by_label("turn")
    field.fill(str(number))
    field.press("Enter")


def test_crosshair_and_table_hold_every_series_as_text(charts):
    chart(charts, "bands").locator(".u-over").hover(position={"x": 200, "y": 60})
    box = chart(charts, "bands").locator(".crosshair")
    expect(box).to_contain_text("2026")
    expect(box).to_contain_text("Threat")
    assert "–" in box.inner_text()  # the ends of the band
    assert "<img src=x onerror=alert(1)> **bold** [a](http://x)" in box.inner_text(), "names are text"
    assert charts.locator(".chart img").count() == 0
    shown = chart(charts, "bars")
    shown.locator("summary").click()
    expect(shown.locator("tbody tr")).to_have_count(3)
    rows = [row.inner_text().split("\t") for row in shown.locator("tr").all()]
    pairs = [["Ada / Grace", "12", "4"], ["Ada / " + "W" * 40, "40", "18"], ["Grace / Wim", "3", "9"]]
    assert rows == [["x", "Both", "One only"], *pairs]
    assert "Who disagrees with whom?" in shown.locator(".area").get_attribute("aria-label")
    expect(chart(charts, "empty")).to_contain_text("Nothing to draw yet.")


def test_a_zoom_stays_when_the_numbers_change_and_a_group_shares_it(charts):
    whole = ends(charts, "bands")
    drag(charts, "bands")
    zoomed, tall = ends(charts, "bands"), ends(charts, "bands", "y")
    assert whole[0] < zoomed[0] < zoomed[1] < whole[1]
    turn(charts, 9)
    chart(charts, "bands").locator("summary").click()
    expect(chart(charts, "bands").locator("tbody tr td").first).to_have_text("0.69")  # 0.6 and nine hundredths
    assert ends(charts, "bands") == zoomed
    assert ends(charts, "bands", "y") == tall
    chart(charts, "bands").locator(".u-over").dblclick()
    assert ends(charts, "bands") == whole
    drag(charts, "bands")
    assert ends(charts, "bands") == zoomed
    chart(charts, "bands").get_by_role("button", name="Show all").click()
    assert ends(charts, "bands") == whole
    expect(chart(charts, "bands").get_by_role("button", name="Show all")).to_have_count(0)
    drag(charts, "loss")
    assert ends(charts, "auc") == ends(charts, "loss")
    chart(charts, "loss").locator(".u-over").dblclick()
    chart(charts, "loss").locator(".u-over").hover(position={"x": 100, "y": 50})
    expect(chart(charts, "auc").locator(".crosshair")).to_contain_text("0.91")


def test_the_legend_hides_series_and_the_keyboard_reads_values_off(charts):
    before = ends(charts, "steps", "y")
    button = chart(charts, "steps").get_by_role("button", name="Reference")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")
    assert ends(charts, "steps", "y")[1] < before[1]
    turn(charts, 3)
    expect(button).to_have_attribute("aria-pressed", "false")
    button.click()
    assert ends(charts, "steps", "y") == before
    area = chart(charts, "categories").locator(".area")
    area.focus()
    charts.keyboard.press("ArrowRight")
    charts.keyboard.press("ArrowRight")
    expect(chart(charts, "categories").get_by_role("status")).to_contain_text("Severe")
    whole = ends(charts, "categories")
    charts.keyboard.press("+")
    assert ends(charts, "categories") != whole
    charts.keyboard.press("Escape")
    assert ends(charts, "categories") == whole


def test_the_colours_follow_the_theme_and_the_width_a_telephone(charts):
    found = "node => [...node.getContext('2d').getImageData(0, 0, node.width, node.height).data].join()"
    canvas = chart(charts, "bars").locator("canvas")
    light = canvas.evaluate(found)
    charts.emulate_media(color_scheme="dark")
    charts.wait_for_timeout(600)
    dark = canvas.evaluate(found)
    assert light != dark
    assert "96,165,250" in dark
    charts.set_viewport_size({"width": 390, "height": 844})
    charts.wait_for_timeout(600)
    assert charts.evaluate("() => document.querySelector('[data-testid=stMain]').scrollWidth") <= 390
    for canvas in charts.locator(".chart canvas").all():
        assert canvas.bounding_box()["width"] <= 390
