"""The icon font, with the icons that are used: Streamlit's own has four thousand, 370 KB at a first visit."""

import re

from starlette.types import ASGIApp, Receive, Scope, Send

STREAMLIT_FONT = re.compile(r"(.*)/static/media/MaterialSymbols-Rounded\.[\w-]+\.woff2")
USED_ICONS = "/app/static/material-symbols-used.woff2"
"""Where Streamlit serves ours; `tools/subset_icons.py` makes it."""


class IconFont:
    """Middleware that answers a request for Streamlit's icon font with ours."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on what is not that font as it is."""
        if scope["type"] == "http" and (asked := STREAMLIT_FONT.fullmatch(scope["path"])):
            path = f"{asked[1]}{USED_ICONS}"
            scope = {**scope, "path": path, "raw_path": path.encode()}
        await self._app(scope, receive, send)
