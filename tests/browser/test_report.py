"""The report as an analyst takes it: chosen, downloaded, opened where there is no network."""

import csv
import io
import zipfile

from core.services import build_services
from core.settings import Settings
from tests.browser.conftest import visit_as
from tests.support.report_ledger import put_ledger
from tests.support.server import serving


def test_what_is_downloaded_is_what_is_seen_and_needs_no_network(browser, tmp_path):
    services = build_services(Settings(data_dir=tmp_path / "data"))
    put_ledger(services, comments=80)
    services.close()
    with serving(tmp_path / "data", embedded_worker="false") as server:
        context, page = visit_as(browser, server, "Ada", accept_downloads=True)
        page.goto(f"{server.url}/report?span=Year")
        page.locator(".m-rep h2").first.wait_for(timeout=30_000)
        seen = page.locator(".facts").inner_text()
        files = {name: download(page, name, tmp_path) for name in ("Download page", "Download CSV", "Download all")}
        context.close()
    archive = zipfile.ZipFile(files["Download all"])
    assert archive.read("report.csv") == files["Download CSV"].read_bytes()
    lines = list(csv.DictReader(io.StringIO(files["Download CSV"].read_bytes().decode(), newline="")))
    decisions = next(line["value"] for line in lines if (line["table"], line["row"]) == ("by_label", "All decisions"))
    assert f"Decisions\n{int(decisions):,}" in seen
    alone = browser.new_context(offline=True)
    paper = alone.new_page()
    problems = []
    paper.on("console", lambda message: problems.append(message.text))
    paper.on("requestfailed", lambda request: problems.append(request.url))
    paper.goto(files["Download page"].as_uri())
    assert paper.locator(".facts").inner_text() == seen
    assert paper.locator("h3").count() == len(archive.namelist()) - 2
    assert problems == []
    alone.close()


def download(page, name, folder):
    with page.expect_download(timeout=30_000) as waiting:
        page.get_by_role("button", name=name).click()
    kept = folder / waiting.value.suggested_filename
    waiting.value.save_as(kept)
    return kept
