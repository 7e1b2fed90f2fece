"""What a browser gets at its first visit: a page to read at once, and Streamlit's own scripts, compressed."""

import gzip
import json
import re
from pathlib import Path

import streamlit
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from cnnviz.ui.compressed_files import CompressedFiles
from cnnviz.ui.first_modules import FirstModules, module_pack
from cnnviz.ui.first_paint import EMPTY_ROOT, FirstPaint, with_first_text
from cnnviz.ui.icon_font import IconFont
from cnnviz.ui.identity import StudentCookie
from tests.ui.asgi import request

ROOT = Path(__file__).parents[2]
STATIC = Path(streamlit.__file__).parent / "static"
FILES = Starlette(routes=[Mount("/", StaticFiles(directory=STATIC, html=True))])


def get(app: ASGIApp, path: str, encodings: str = "gzip, br") -> tuple[int, Headers, bytes]:
    """Status, headers and body of an answer."""
    start, *parts = request(app, [("accept-encoding", encodings)], path=path)
    return start["status"], Headers(raw=start["headers"]), b"".join(part.get("body", b"") for part in parts)


def test_every_script_and_style_arrives_smaller_and_unchanged() -> None:
    app = CompressedFiles(FILES)
    for path in [next(STATIC.glob("static/js/index.*.js")), next(STATIC.glob("static/css/index.*.css"))]:
        address = f"/{path.relative_to(STATIC)}"
        for _ in range(2):  # compressed, then kept
            _, headers, body = get(app, address)
            assert headers["content-encoding"] == "gzip"
            assert int(headers["content-length"]) == len(body) < path.stat().st_size / 2
            assert gzip.decompress(body) == path.read_bytes()
        _, headers, body = get(app, address, encodings="identity")
        assert "content-encoding" not in headers
        assert body == path.read_bytes()
    assert get(app, "/static/js/nothing.js")[0] == 404
    assert "content-encoding" not in get(app, "/index.html")[1]


def test_the_cookie_of_one_student_is_not_kept_for_others() -> None:
    app = StudentCookie(CompressedFiles(FILES), key=lambda: bytes(32), proxies=lambda: "")
    address = f"/{next(STATIC.glob('static/js/index.*.js')).relative_to(STATIC)}"

    def cookie(accept: str) -> str | None:
        start, *_ = request(app, [("accept-encoding", "gzip"), ("accept", accept)], path=address)
        return Headers(raw=start["headers"]).get("set-cookie")

    first, second = cookie("text/html"), cookie("text/html")
    assert first
    assert second
    assert first != second
    assert cookie("*/*") is None


def test_streamlits_page_holds_a_text_before_its_scripts_have_come() -> None:
    _, headers, body = get(FirstPaint(FILES), "/")
    page = body.decode()
    assert int(headers["content-length"]) == len(body)
    assert "etag" not in headers
    assert EMPTY_ROOT not in page
    head, _, rest = page.partition("</head>")
    assert "stylesheet" not in head
    assert rest.index("The page is loading.") < rest.index('rel="stylesheet"')
    assert "<title>cnnviz</title>" in head
    original = (STATIC / "index.html").read_text(encoding="utf-8")
    assert with_first_text(original).count("modulepreload") == original.count("modulepreload")


def test_each_script_of_streamlits_page_is_in_the_page_or_in_the_file_of_small_ones() -> None:
    """One by one, sixty scripts took ten rounds of waiting for an answer, 0.6 s each from far away."""
    original = (STATIC / "index.html").read_text(encoding="utf-8")
    page, pack = get(FirstPaint(FILES), "/")[2].decode(), module_pack()
    scripts = re.findall(r'"\./static/js/([\w.-]+\.js)"', page)
    assert scripts[0] == pack.name, "no module is asked for before it: the import map would come too late"
    assert page.index(pack.name) > page.index("The page is loading."), "it does not hold up the text"
    assert pack.names.isdisjoint(scripts)
    assert set(re.findall(r'"\./static/js/([\w.-]+\.js)"', original)) <= pack.names | set(scripts)
    assert len(scripts) < 10 < len(pack.names)


def test_modules_in_the_file_find_all_that_they_import() -> None:
    sources, others = re.findall(r"const sources = (.*), others = (.*), imports = ", module_pack().script)[0]
    modules: dict[str, str] = json.loads(sources)
    assert set(modules) == module_pack().names
    known = {f"streamlit/{name}" for name in (*modules, *json.loads(others))}
    for name, source in modules.items():
        original = (STATIC / "static" / "js" / name).read_text(encoding="utf-8")
        assert source.replace("streamlit/", "./") == original.replace("streamlit/", "./"), "nothing else is changed"
        assert not re.search(r"""["'`]\./[\w.-]+\.js["'`]""", source), (
            "nothing is relative to an address that it has not"
        )
        assert set(re.findall(r"(?:from|import\(?)[\"'`](streamlit/[^\"'`]+)", source)) <= known
    assert all((STATIC / "static" / "js" / name).is_file() for name in json.loads(others))


def test_the_file_of_small_scripts_arrives_compressed_and_is_kept() -> None:
    status, headers, body = get(CompressedFiles(FirstModules(FILES)), f"/static/js/{module_pack().name}")
    assert status == 200
    assert "immutable" in headers["cache-control"]
    assert gzip.decompress(body).decode() == module_pack().script
    assert get(FirstModules(FILES), "/static/js/first-modules.000000000000.js")[0] == 404


def test_a_page_that_would_be_compressed_holds_the_text_too() -> None:
    compressing = FirstPaint(GZipMiddleware(FILES, minimum_size=1))
    for accept in ("text/html,*/*", "*/*"):
        start, *parts = request(compressing, [("accept-encoding", "gzip"), ("accept", accept)], path="/")
        headers, body = Headers(raw=start["headers"]), b"".join(part.get("body", b"") for part in parts)
        if headers.get("content-encoding") == "gzip":
            assert accept == "*/*"
            assert gzip.decompress(body) == (STATIC / "index.html").read_bytes()
        else:
            assert "The page is loading." in body.decode()


def test_a_page_of_another_form_and_what_is_no_page_stay_as_they_are() -> None:
    assert with_first_text("<html><body>busy</body></html>") == "<html><body>busy</body></html>"
    assert get(FirstPaint(FILES), "/favicon.png")[2] == (STATIC / "favicon.png").read_bytes()


def test_the_icon_font_has_the_icons_that_are_used_and_no_others() -> None:
    """An icon that is missing would be shown as its name; `python tools/subset_icons.py` adds it."""
    sources = [ROOT / "app.py", *(ROOT / "pages").glob("*.py"), *(ROOT / "cnnviz").rglob("*.py")]
    sources += STATIC.glob("static/js/*.js")
    used = {icon for path in sources for icon in re.findall(r":material/(\w+):", path.read_text(encoding="utf-8"))}
    names = (ROOT / "static" / "material-symbols-used.txt").read_text().split()
    assert used - set(names) == {"star_filled"}, "which Streamlit's font does not have either"
    assert set(names) <= used


def test_streamlits_icon_font_is_answered_with_the_smaller_one() -> None:
    files = Starlette(
        routes=[Mount("/app/static", StaticFiles(directory=ROOT / "static")), Mount("/", StaticFiles(directory=STATIC))]
    )
    font = next(STATIC.glob("static/media/MaterialSymbols-Rounded.*.woff2"))
    status, _, body = get(IconFont(files), f"/{font.relative_to(STATIC)}")
    assert (status, body) == (200, (ROOT / "static" / "material-symbols-used.woff2").read_bytes())
    assert len(body) < font.stat().st_size / 10
    other = next(STATIC.glob("static/media/SourceCodeVF-Upright.*.woff2"))
    assert get(IconFont(files), f"/{other.relative_to(STATIC)}")[2] == other.read_bytes()
