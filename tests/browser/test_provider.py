"""Login at an OpenID Connect provider, with a real one on this machine."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from cnnviz.runs.store import Store
from tests.browser.conftest import START_SECONDS, TIMEOUT_MS, Server, free_port

CLAIMS = {
    "name": "Anna Weiß",
    "email": "a@example.org",
    "groups": [f"a group with a long name {n}" for n in range(400)],
}
SECRETS = """[auth]
redirect_uri = "{server}/oauth2callback"
cookie_secret = "a secret of this test"
client_id = "cnnviz"
client_secret = "another secret of this test"
server_metadata_url = "{provider}/.well-known/openid-configuration"
"""


@contextmanager
def provider(user: str) -> Iterator[str]:
    """A provider that knows somebody, in a process of its own: its libraries warn of each other."""
    port = free_port()
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--user-claims", user]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_until_open(port)
            yield f"http://localhost:{port}"
        finally:
            process.terminate()


def wait_until_open(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("localhost", port)):
            return
        time.sleep(0.1)  # between two looks at another process
    raise AssertionError("the provider did not start")


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for a class whose school has accounts."""
    folder, port = tmp_path_factory.mktemp("school"), free_port()
    with provider(json.dumps({"sub": "anna"} | CLAIMS)) as address:
        addresses = {"server": f"http://127.0.0.1:{port}", "provider": address}
        secrets = folder / "secrets.toml"
        secrets.write_text(SECRETS.format(**addresses), encoding="utf-8")
        option = f"--secrets.files={secrets}"
        running = Server(folder / "data", folder / "log.txt", option, port=port, CNNVIZ_MODE="class")
        yield running
        assert running.stop() in (0, -15), running.log.read_text()
    assert "Traceback" not in running.log.read_text()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    context.set_default_timeout(TIMEOUT_MS)
    yield context.new_page()
    context.close()


def log_in(page: Page, sub: str) -> None:
    page.get_by_role("link", name="Log in").click()
    page.get_by_placeholder("sub").fill(sub)
    page.get_by_role("button", name="Authorize").click()


def test_an_account_of_the_school_is_let_in_with_a_small_cookie(school: Server, page: Page) -> None:
    page.goto(f"{school.url}/shapes?x=1")
    assert page.get_by_label("Class code").count() == 0
    log_in(page, "anna")
    expect(page.get_by_role("link", name="Anna Weiß")).to_be_visible()
    assert "/shapes" in page.url
    cookies = page.context.cookies(school.url)
    assert len("; ".join(f"{cookie['name']}={cookie['value']}" for cookie in cookies)) <= 1024
    assert "cnnviz_login" in {cookie["name"] for cookie in cookies}
    assert not [cookie for cookie in cookies if cookie["name"].startswith("_streamlit_user")]
    page.get_by_role("link", name="Anna Weiß").click()
    page.get_by_role("button", name="Log out", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Come in")
    log_in(page, "bert")
    expect(page.get_by_role("link", name="bert")).to_be_visible()
    store = Store(school.folder, is_prepared=True)
    assert {(account.person.name, account.email) for account in store.people.all()} >= {("Anna Weiß", "a@example.org")}
    store.close()


def test_whoever_is_denied_stays_outside(school: Server, page: Page) -> None:
    page.goto(school.url)
    page.get_by_role("link", name="Log in").click()
    page.get_by_role("button", name="Deny").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You cannot come in")
    for forged in ("?code=x&state=y", "?state=", "?error=x", f"?code={quote('x' * 2000)}"):
        assert page.goto(f"{school.url}/oauth2callback{forged}").status == 403  # type: ignore[union-attr]
    assert page.context.request.post(f"{school.url}/door/login", headers={"Origin": school.url}).status == 404
