"""A German browser: the pages, the card and the page's own language, and the way to another one."""

from core.accounts import local_person
from core.services import build_services
from core.settings import Settings
from tests.browser.conftest import visit_as
from tests.support.ledger import seed


def test_a_german_browser_reads_german_until_english_is_chosen(browser, server):
    services = build_services(Settings(data_dir=server.data_dir))
    seed(services, comments=300, days=1, decided=0.0)
    services.close()
    context, page = visit_as(browser, server, "Ada", locale="de-DE")
    page.goto(server.url)
    card = page.locator(".card[data-state=item]")
    card.wait_for(timeout=30_000)
    assert page.evaluate("document.documentElement.lang") == "de"
    assert card.locator("[data-act=skip]").inner_text().startswith("Überspringen")
    assert card.locator(".outcome").inner_text() in ("Freigeben", "Entfernen")
    assert "Wartend" in card.locator(".waiting").get_attribute("aria-label")
    page.keyboard.press("?")
    assert "Absenden und weiter" in card.locator(".help dl").inner_text()
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    page.get_by_text("Alles gespeichert").wait_for()
    assert "Nächster Kommentar" in card.locator(".live").inner_text()
    page.goto(f"{server.url}/preferences")
    page.get_by_label("Sprache der Seiten").click()
    page.get_by_role("option", name="English").click()
    page.get_by_role("heading", name="Preferences").wait_for()
    page.wait_for_function("document.documentElement.lang === 'en'")
    page.goto(server.url)
    page.locator(".card[data-state=item] [data-act=skip]").get_by_text("Skip").wait_for(timeout=30_000)
    services = build_services(Settings(data_dir=server.data_dir))
    assert services.preferences.get(local_person("Ada"), "language") == "en"
    services.close()
    context.close()
