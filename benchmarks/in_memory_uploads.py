"""`streamlit`, with files that browsers send kept by Streamlit itself, in memory: the side before of `uploads`."""

import os
import sys

from starlette.types import Receive, Scope, Send
from streamlit.web.cli import main

from cnnviz.ui.upload_route import UploadRoute


async def _call_app(route: UploadRoute, scope: Scope, receive: Receive, send: Send) -> None:
    await route._app(scope, receive, send)


if __name__ == "__main__":
    os.environ["STREAMLIT_SERVER_ENABLE_XSRF_PROTECTION"] = "false"  # the benchmark is no browser
    UploadRoute.__call__ = _call_app  # type: ignore[method-assign]
    sys.exit(main())
