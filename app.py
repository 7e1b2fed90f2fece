"""cnnviz: the list of pages and the frame around them.

`streamlit run app.py` imports this file for the server, and executes it as `__main__` for every run of a page.
"""

from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

from cnnviz.runs.cluster import cluster
from cnnviz.settings import settings
from cnnviz.ui.announcement import announcement
from cnnviz.ui.compressed_files import CompressedFiles
from cnnviz.ui.first_modules import FirstModules
from cnnviz.ui.first_paint import FirstPaint
from cnnviz.ui.guide import guide_link
from cnnviz.ui.icon_font import IconFont
from cnnviz.ui.login.account import account_link
from cnnviz.ui.login.gate import Entrance
from cnnviz.ui.login.logins import logins
from cnnviz.ui.media_route import MEDIA_OWNERS, MediaRoute
from cnnviz.ui.origins import OriginCheck
from cnnviz.ui.presence import note_presence
from cnnviz.ui.received_files import received_files
from cnnviz.ui.server import FOLDER_GONE_MESSAGE, NO_COOKIE_MESSAGE, UNSAVED_MESSAGE, lifespan, on_script_error
from cnnviz.ui.state import current_owner, is_teacher, keeps_cookie, sync_with_other_tabs
from cnnviz.ui.upload_route import UploadRoute
from cnnviz.ui.widgets.connection import explain_lost_connection
from cnnviz.ui.widgets.steps import step_numbers

STYLESHEET = Path(__file__).parent / "cnnviz" / "ui" / "frame.css"


def render_app() -> None:
    """Draws the navigation and the open page."""
    st.set_page_config(page_title="cnnviz", page_icon="static/icon.svg", layout="wide")
    st.html(STYLESHEET)
    step_numbers()
    explain_lost_connection()
    st.logo("static/logo.svg", size="large")
    page = st.navigation(
        [
            st.Page("pages/design.py", title="Design", icon=":material/stacks:", default=True),
            st.Page("pages/shapes.py", title="Shapes", icon=":material/calculate:"),
            st.Page("pages/data.py", title="Data", icon=":material/graphic_eq:"),
            st.Page("pages/train.py", title="Train", icon=":material/show_chart:"),
            st.Page("pages/runs.py", title="Runs", icon=":material/table_rows:"),
            st.Page("pages/result.py", title="Result", icon=":material/search_insights:"),
            st.Page("pages/inside.py", title="Inside", icon=":material/biotech:"),
            st.Page("pages/search.py", title="Search", icon=":material/travel_explore:"),
            st.Page("pages/activations.py", title="Activations", icon=":material/ssid_chart:"),
            *([st.Page("pages/class.py", title="Class", icon=":material/groups:")] if is_teacher() else []),
            st.Page("pages/guide.py", title="Guide", icon=":material/menu_book:", visibility="hidden"),
        ],
        position="top",
    )
    guide_link(page.title)
    account_link()
    note_presence(page.title)
    announcement()
    if cluster().folder_is_gone:
        st.error(FOLDER_GONE_MESSAGE, icon=":material/folder_off:")
    elif not keeps_cookie():
        st.warning(NO_COOKIE_MESSAGE, icon=":material/cookie_off:")
    elif cluster().drafts.is_unsaved(current_owner()):
        st.warning(UNSAVED_MESSAGE, icon=":material/save:")
    sync_with_other_tabs()
    page.run()


if __name__ == "__main__":
    render_app()
else:
    app = st.App(
        __file__,
        lifespan=lifespan,
        middleware=[
            Middleware(OriginCheck, hosts=lambda: settings().hosts),
            Middleware(Entrance, limits=settings, logins=logins),
            Middleware(UploadRoute, files=received_files),
            Middleware(MediaRoute, owners=MEDIA_OWNERS),
            Middleware(CompressedFiles),
            Middleware(FirstPaint),
            Middleware(IconFont),
            Middleware(FirstModules),
        ],
        on_script_error=on_script_error,
    )
