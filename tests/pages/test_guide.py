from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from cnnviz.ui.guide import guide_sections


def test_every_section_opens(open_page: Callable[..., AppTest]) -> None:
    app = open_page("guide")
    for name, text in guide_sections().items():
        app.segmented_control("section").set_value(name).run()
        assert not app.exception
        assert app.markdown[-1].value == f"## {name}\n\n{text}"
