"""What `pip install .` brings, and what `import cnnviz` gives."""

from __future__ import annotations

import ast
import importlib.metadata
import json
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import cnnviz
from cnnviz.architecture import Architecture, build_model, trace
from cnnviz.explanation import explain
from cnnviz.layers import PALETTE
from cnnviz.presets import PRESETS
from cnnviz.source import from_code, to_code

ROOT = Path(__file__).parents[1]
NEEDED = ("torch", "numpy", "pydantic", "annotated-types")
"""What explain() needs."""
IMPORTABLE = {"torch", "numpy", "pydantic", "pydantic_core", "annotated_types", "cnnviz", *sys.stdlib_module_names}
USE = """
import json, sys
import cnnviz
before = sorted(sys.modules)
from torch import nn
table = cnnviz.explain(nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(144, 2)), (1, 8, 8))
assert table.architecture == cnnviz.from_code(cnnviz.to_code(table.architecture)), table
assert cnnviz.trace(table.architecture)[-1].output_shape == (2,)
cnnviz.build(cnnviz.PRESETS["lab-convnet"].architecture), cnnviz.PALETTE, cnnviz.Architecture
assert "<table>" in table._repr_html_() and "144" in repr(table) and table.to_markdown()
assert table.open("http://server", in_browser=False).startswith("http://server/?design=")
files = [module.__file__ for name, module in sys.modules.items() if name.partition(".")[0] == "cnnviz"]
print(json.dumps({"before": before, "after": sorted(sys.modules), "files": files}))
"""
"""A notebook's session, which prints what it has imported."""


def packages(lines: list[str]) -> set[str]:
    """Requirements without comments, in one form."""
    return {str(Requirement(line)) for line in lines if line.strip() and not line.startswith("#")}


def test_the_extra_app_makes_it_requirements_txt() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed, app = packages(project["dependencies"]), packages(project["optional-dependencies"]["app"])
    assert {Requirement(line).name for line in needed} == set(NEEDED)
    assert not needed & app
    assert needed | app == packages((ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines())


def test_import_gives_what_it_promises() -> None:
    assert (cnnviz.Architecture, cnnviz.PALETTE, cnnviz.PRESETS) == (Architecture, PALETTE, PRESETS)
    assert (cnnviz.explain, cnnviz.trace, cnnviz.build) == (explain, trace, build_model)
    assert (cnnviz.from_code, cnnviz.to_code) == (from_code, to_code)
    assert set(cnnviz.__all__) <= set(dir(cnnviz))
    with pytest.raises(AttributeError, match="module 'cnnviz' has no attribute 'explains'"):
        cnnviz.explains  # noqa: B018


def test_import_loads_nothing_before_it_is_used() -> None:
    code = "import sys, cnnviz; print([name for name in sys.modules if name.partition('.')[0] in sys.argv[1:]])"
    names = ("torch", "numpy", "pydantic", "streamlit")
    shown = subprocess.run(
        [sys.executable, "-c", code, *names], cwd=ROOT, capture_output=True, text=True, check=True, timeout=120
    )
    assert shown.stdout.strip() == "[]"


@pytest.mark.parametrize("name", cnnviz.__all__)
def test_every_name_is_documented(name: str) -> None:
    assert f"`cnnviz.{name}`" in (ROOT / "docs/notebook.md").read_text(encoding="utf-8")
    assert name in (cnnviz.__doc__ or "")


def required(names: set[str]) -> set[str]:
    """The distributions that these need, they included."""
    found: set[str] = set()
    todo = list(names)
    while todo:
        name = todo.pop()
        if name in found:
            continue
        try:
            lines = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:  # one for another platform
            continue
        found.add(name)
        wanted = [Requirement(line) for line in lines]
        todo += [one.name for one in wanted if not one.marker or one.marker.evaluate({"extra": ""})]
    return found


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that has the wheel, what it needs, and nothing else."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(ROOT / "cnnviz", source / "cnnviz", ignore=shutil.ignore_patterns("__pycache__"))
    build = "from setuptools.build_meta import build_wheel; build_wheel('..')"
    subprocess.run([sys.executable, "-c", build], cwd=source, check=True, capture_output=True, timeout=300)
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "venv")
    python = folder / "venv/bin/python"
    site = Path(sysconfig.get_path("purelib", vars={"base": str(folder / "venv")}))
    for name in required(set(NEEDED)):
        for file in importlib.metadata.files(name) or ():
            top = file.parts[0]
            place = Path(str(file.locate())).parents[len(file.parts) - 2] if len(file.parts) > 1 else file.locate()
            if top not in ("..", "__pycache__") and not (site / top).exists():
                (site / top).symlink_to(place)
    shutil.unpack_archive(wheel, site, "zip")
    return python


def test_the_wheel_explains_with_what_it_brings(environment: Path, tmp_path: Path) -> None:
    shown = subprocess.run(
        [environment, "-I", "-c", USE], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300
    )
    assert shown.returncode == 0, shown.stderr
    seen = json.loads(shown.stdout.splitlines()[-1])
    assert not {"torch", "numpy", "pydantic"} & set(seen["before"])
    assert not {"streamlit", "ignite", "plotly", "click", "pandas", "safetensors", "sqlalchemy"} & set(seen["after"])
    assert len(seen["files"]) > 50
    for file in map(Path, seen["files"]):
        assert file.is_relative_to(environment.parents[1])
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            assert {name.partition(".")[0] for name in names} <= IMPORTABLE, file


def test_the_wheel_says_what_it_needs_and_that_it_is_typed(environment: Path) -> None:
    (site,) = environment.parents[1].glob("lib/python*/site-packages")
    assert (site / "cnnviz/py.typed").exists()
    assert (site / "cnnviz/explanation/explanation.css").exists()
    (metadata,) = site.glob("cnnviz-*.dist-info")
    wanted = [Requirement(line) for line in importlib.metadata.Distribution.at(metadata).requires or ()]
    assert {one.name for one in wanted if not one.marker} == set(NEEDED)


def test_the_command_says_what_to_install(environment: Path, tmp_path: Path) -> None:
    shown = subprocess.run(
        [environment, "-I", "-m", "cnnviz", "shapes"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert shown.returncode == 1
    assert shown.stderr.strip() == 'The command line needs click. Install it with: pip install "cnnviz[app]"'
