"""The files that make and run the image keep what docs/docker.md says about them."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from compose_spec import PyCompose

ROOT = Path(__file__).parent.parent
DOCKERFILE = ROOT / "Dockerfile"


def compose_text() -> str:
    """compose.yaml with its variables at their defaults."""
    return re.sub(r"\$\{\w+:?-([^}]*)\}", r"\1", (ROOT / "compose.yaml").read_text())


@pytest.fixture(scope="module")
def instructions() -> dict[str, list[str]]:
    lines = re.sub(r"\\\n", "", re.sub(r"(?m)^#.*\n", "", DOCKERFILE.read_text())).splitlines()
    instructions_found: dict[str, list[str]] = {}
    for name, _, text in (line.partition(" ") for line in lines if line):
        instructions_found.setdefault(name, []).append(text)
    return instructions_found


def test_hadolint_finds_nothing():
    hadolint = subprocess.run(
        [Path(sys.executable).parent / "hadolint", DOCKERFILE], capture_output=True, text=True, check=False
    )
    assert (hadolint.returncode, hadolint.stdout + hadolint.stderr) == (0, "")


def test_compose_file_is_valid_with_and_without_its_gpu_part():
    text = compose_text()
    start = text.index("    # deploy:")
    gpu = text[start : text.index("\n\n", start)]
    for variant in (text, text.replace(gpu, gpu.replace("    # ", "    "))):
        PyCompose.from_yaml(variant).validate()
    assert "reservations" in str(PyCompose.from_yaml(variant).to_dict())


def test_server_runs_as_a_user_with_a_number(instructions):
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", instructions["USER"][-1])


def test_server_gets_signals_itself_and_is_asked_for_its_health(instructions):
    assert json.loads(instructions["CMD"][-1])[:2] == ["streamlit", "run"]
    *_, check = instructions["HEALTHCHECK"][-1].partition("CMD ")
    assert "/_stcore/health" in json.loads(check)[-1]


def test_sources_come_after_the_requirements(instructions):
    assert instructions["COPY"] == ["requirements.txt ./", ". ."]


def test_data_lives_in_a_named_volume(instructions):
    assert "CNNVIZ_DATA_DIR=/data" in instructions["ENV"][-1]
    assert instructions["VOLUME"] == ["/data"]
    compose = PyCompose.from_yaml(compose_text()).to_dict()
    assert compose["services"]["app"]["volumes"] == ["data:/data"]
    assert "data" in compose["volumes"]


def test_container_can_do_no_more_than_it_needs():
    app = PyCompose.from_yaml(compose_text()).to_dict()["services"]["app"]
    assert app["read_only"]
    assert app["tmpfs"] == ["/tmp"]  # noqa: S108
    assert app["cap_drop"] == ["ALL"]
    assert app["security_opt"] == ["no-new-privileges:true"]


def test_torch_index_can_be_set_from_outside(instructions):
    args = dict(arg.split("=") for arg in instructions["ARG"])
    build = PyCompose.from_yaml(compose_text()).to_dict()["services"]["app"]["build"]
    assert build["args"]["TORCH_INDEX"] == args["TORCH_INDEX"]


def test_folders_that_the_app_names_go_into_the_image():
    kept_paths = {
        line[1:].split("/")[0] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"
    }
    named = set(re.findall(r'"(\w+)/[\w./-]+"', (ROOT / "app.py").read_text()))
    assert named
    assert {"app.py", "cnnviz", ".streamlit", "requirements.txt", *named} <= kept_paths
