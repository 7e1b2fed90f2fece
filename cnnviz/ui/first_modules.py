"""The small scripts of Streamlit that a first visit needs, in one file: one by one, they take ten rounds of waiting.

A browser asks for six at a time, and on a slow line each time waits half a second and more before an answer begins. The
file makes an import map, by which a browser finds these modules in it instead of asking for them. One that knows no
import maps asks for them as before.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import streamlit
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

STREAMLIT_STATIC = Path(streamlit.__file__).parent / "static"
LATER_MODULES = ("BidiComponent", "Html", "PageLink", "Selectbox", "TextInput", "Button", "Checkbox", "ButtonGroup")
"""Scripts of the elements of the Design page, which Streamlit asks for when it draws the first one of a kind."""
MAX_MODULE_BYTES = 100_000
"""Size of a script, uncompressed, above which it is worth a connection of its own."""
SPECIFIER = re.compile(r"""(\bfrom|\bimport\(|\bimport)(["'`])\./([\w.-]+\.js)\2""")
FIRST_MODULE = re.compile(r'(?:src|href)="\./static/js/([\w.-]+\.js)"')
UNMOVABLE = ("import.meta", "__vite__mapDeps")
"""What a script contains that looks for other files beside itself."""
PREFIX = "streamlit/"
"""Begins the names of modules in modules of the file: those have no address to which "./" could be relative."""
SCRIPT = """(() => {
const sources = %s, others = %s, imports = {};
for (const name of others) imports["%s" + name] = "./static/js/" + name;
for (const [name, source] of Object.entries(sources)) {
  const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  imports["./static/js/" + name] = imports["%s" + name] = address;
}
const map = document.createElement("script");
map.type = "importmap";
map.textContent = JSON.stringify({ imports });
document.head.append(map);
})();
"""


@dataclass(frozen=True)
class ModulePack:
    """Scripts in one file."""

    script: str
    """The file, a script that is none of the modules itself and has to come before them."""
    names: frozenset[str]
    """Names of the files in it."""
    later_names: tuple[str, ...]
    """Names of files that are not in it, and that the first page will need soon."""

    @property
    def name(self) -> str:
        """Name of the file, which changes with its content."""
        return f"first-modules.{hashlib.sha256(self.script.encode()).hexdigest()[:12]}.js"


@cache
def module_pack() -> ModulePack:
    """Returns the small scripts that Streamlit's page and the Design page need, read from its folder."""
    folder = STREAMLIT_STATIC / "static" / "js"
    first = FIRST_MODULE.findall((STREAMLIT_STATIC / "index.html").read_text(encoding="utf-8"))
    later = [path.name for name in LATER_MODULES for path in folder.glob(f"{name}.*.js")]
    sources = _read_modules(folder, (*first, *later))
    packed = {name: source for name, source in sources.items() if _is_movable(source)}
    named = {other for source in packed.values() for other in _imported_names(source)}
    moved = {name: SPECIFIER.sub(rf"\1\2{PREFIX}\3\2", source) for name, source in packed.items()}
    script = SCRIPT % (json.dumps(moved), json.dumps(sorted(named - set(packed))), PREFIX, PREFIX)
    return ModulePack(script, frozenset(packed), tuple(sorted(set(sources) - set(packed) - set(first))))


def _read_modules(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """Returns these scripts and all that they import at once, by name."""
    sources: dict[str, str] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in sources or not (folder / name).is_file():
            continue
        sources[name] = source = (folder / name).read_text(encoding="utf-8")
        waiting += [other for how, _, other in SPECIFIER.findall(source) if how != "import("]
    return sources


def _imported_names(source: str) -> set[str]:
    return {name for _, _, name in SPECIFIER.findall(source)}


def _is_movable(source: str) -> bool:
    return len(source) <= MAX_MODULE_BYTES and not any(text in source for text in UNMOVABLE)


class FirstModules:
    """Middleware that answers with the file."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on what does not ask for it."""
        app = self._app
        if scope["type"] == "http" and scope["path"].endswith(f"/static/js/{module_pack().name}"):
            headers = {"cache-control": "public, immutable, max-age=31536000"}
            app = Response(module_pack().script, media_type="text/javascript", headers=headers)
        await app(scope, receive, send)
