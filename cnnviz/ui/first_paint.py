"""Something to read before any script has arrived: over a slow connection, Streamlit's page is blank for long."""

import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cnnviz.ui.first_modules import ModulePack, module_pack

EMPTY_ROOT = '<div id="root"></div>'
"""Where Streamlit draws its page; what stands in it until then is replaced."""
FIRST_TEXT = """<div id="root"><style>
  :root { color-scheme: light dark; }
  .first { max-width: 34rem; margin: 22vh auto; padding: 0 1.5rem; font: 1.05rem/1.6 system-ui, sans-serif; }
  .first h1 { margin: 0 0 0.5rem; font-size: 1.7rem; color: light-dark(#0b6e6e, #5cc8c2); }
  body { margin: 0; background: light-dark(#fcfbf8, #10151c); color: light-dark(#1c2330, #e8ecf1); }
</style><div class="first"><h1>cnnviz</h1><p>Design, train and understand convolutional networks.</p>
<p>The page is loading. On a slow connection this takes a while at the first visit; after that, your browser has most of
it.</p></div></div>"""
MODULE = re.compile(
    r'\s*<(?:script type="module"|link rel="modulepreload")[^>]*"\./static/js/([^"]+)"[^>]*>(?:</script>)?'
)
STYLESHEET = re.compile(r'\s*<link rel="stylesheet"[^>]*>')
UNUSED_FONT = re.compile(r'\s*<link\s+rel="preload"[^>]*SourceSans[^>]*>')


class FirstPaint:
    """Middleware that puts a text into Streamlit's empty page, and takes out of its head what holds up drawing it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on what is no page."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        if "text/html" in Headers(scope=scope).get("accept", ""):  # a page is to come as it is, not compressed
            headers = [(name, value) for name, value in scope["headers"] if name.lower() != b"accept-encoding"]
            scope = {**scope, "headers": headers}
        start: Message | None = None
        parts: list[bytes] = []

        async def send_with_text(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and _is_page(message):
                start = message
            elif start is None or message["type"] != "http.response.body":
                await send(message)
            else:
                parts.append(message.get("body", b""))
                if not message.get("more_body"):
                    await _send_page(start, b"".join(parts), send)

        await self._app(scope, receive, send_with_text)


def with_first_text(page: str) -> str:
    """Returns Streamlit's page with the text; a page of another form as it is.

    The stylesheet goes to the end, because nothing is drawn before a stylesheet in the head has arrived. The font that
    the page loads in advance is used by none of ours.
    """
    if EMPTY_ROOT not in page:
        return page
    stylesheets = "".join(STYLESHEET.findall(page))
    page = UNUSED_FONT.sub("", STYLESHEET.sub("", page))
    page = page.replace("<title>Streamlit</title>", "<title>cnnviz</title>")
    return page.replace(EMPTY_ROOT, FIRST_TEXT + stylesheets)


def with_module_pack(page: str, pack: ModulePack) -> str:
    """Returns a page with the text, in which the file of small scripts stands for each of them.

    It goes to the end, behind the text, and the other scripts behind it: a module must not be asked for earlier.
    """
    if FIRST_TEXT not in page:
        return page
    kept = [match[0] for match in MODULE.finditer(page) if match[1] not in pack.names]
    kept += [f'<link rel="modulepreload" crossorigin href="./static/js/{name}">' for name in pack.later_names]
    scripts = f'<script src="./static/js/{pack.name}"></script>{"".join(kept)}'
    return MODULE.sub("", page).replace("</body>", f"{scripts}</body>")


def _is_page(start: Message) -> bool:
    headers = MutableHeaders(raw=start["headers"])
    is_html = headers.get("content-type", "").startswith("text/html") and "content-encoding" not in headers
    return start["status"] == 200 and is_html


async def _send_page(start: Message, body: bytes, send: Send) -> None:
    page = with_module_pack(with_first_text(body.decode("utf-8")), module_pack()).encode("utf-8")
    headers = MutableHeaders(raw=start["headers"])
    headers["content-length"] = str(len(page))
    for name in ("etag", "last-modified", "accept-ranges"):  # they are those of the file without the text
        del headers[name]
    start["headers"] = headers.raw
    await send(start)
    await send({"type": "http.response.body", "body": page})
