"""The name is asked once and kept by a cookie that scripts cannot read."""


def test_the_name_is_asked_once(browser, server):
    context = browser.new_context()
    page = context.new_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.goto(server.url)
    page.get_by_label("Your name").fill("Zoë ☕")
    with page.expect_response("**/local/name") as answer:
        page.get_by_role("button", name="Start").click()
    assert answer.value.status == 204
    page.reload()
    page.get_by_text("Zoë ☕", exact=True).wait_for()
    assert context.cookies()[0]["httpOnly"]
    assert problems == []
    with page.expect_response("**/local/name"):
        page.get_by_role("button", name="Change").click()
    page.get_by_label("Your name").wait_for()
    page.reload()
    page.get_by_label("Your name").wait_for()
    context.close()
