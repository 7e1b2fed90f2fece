"""What a server owes its visitors: whoever comes first, whatever page they come by, however it is stopped."""

import re
import signal
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.conftest import Server, open_digits
from tests.browser.test_main_job import set_number, status


def test_first_visitor_by_the_address_of_a_page_then_a_restart_in_mid_run(
    context: BrowserContext, tmp_path: Path
) -> None:
    """A folder pages/ is Streamlit's old scheme of pages: until the frame had run once, /train came without it."""
    server = Server(tmp_path / "data", tmp_path / "log.txt", new=True)
    page = context.new_page()
    try:
        page.goto(f"{server.url}/train")
        expect(page.get_by_role("link", name="Activations")).to_be_visible()
        assert "cnnviz_student" in {cookie["name"] for cookie in context.cookies()}
        open_digits(page)
        set_number(page, "Epochs", "1000")
        page.get_by_role("button", name="Train", exact=True).click()
        expect(page.get_by_text(re.compile("best validation accuracy"))).to_be_visible()
    finally:
        code = server.stop()
    assert code in (0, -signal.SIGTERM)
    assert "Traceback" not in (tmp_path / "log.txt").read_text()
    expect(page.get_by_text("goes on as soon as the server answers")).to_be_visible()
    expect(page.get_by_text("Streamlit", exact=False)).not_to_be_visible()

    server = Server(tmp_path / "data", tmp_path / "log.txt")
    try:
        page.goto(f"{server.url}/train")
        expect(status(page, "training")).to_be_visible()  # it goes on by itself
        expect(page.get_by_text(re.compile("best validation accuracy"))).to_be_visible()
        epochs = [int(shown.inner_text()) for shown in page.locator("strong").all() if shown.inner_text().isdigit()]
        expect(page.get_by_text(re.compile(rf"^epoch (?!{epochs[0]} )"))).to_be_visible()
        page.get_by_test_id("stMain").get_by_role("button", name="Stop").click()
        expect(status(page, "stopped")).to_be_visible()
    finally:
        server.stop()


@pytest.mark.parametrize("address", ["/_stcore/health", "/train", "/nonsense"])
def test_the_student_cookie_is_hidden_from_scripts_and_sent_with_pages_only(
    context: BrowserContext, server: Server, address: str
) -> None:
    response = context.request.get(f"{server.url}{address}")
    cookie = response.headers.get("set-cookie", "")
    if "text/html" in response.headers["content-type"]:
        assert re.fullmatch(r"cnnviz_student=[0-9a-f]{32}; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax", cookie)
    else:
        assert "cnnviz_student" not in cookie
