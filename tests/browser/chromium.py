"""Where the browser for the tests comes from: the machine, Playwright, or an installation made now."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Playwright

EXECUTABLE_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
APT = ["apt-get", "install", "--yes", "--no-install-recommends", "chromium"]
PLAYWRIGHT = [sys.executable, "-m", "playwright", "install", "chromium"]
INSTALL_SECONDS = 900


def find_or_install_chromium(playwright: Playwright) -> Path:
    """A Chromium to start; installed if there is none. Raises RuntimeError with the line to type if that fails."""
    path = _find_chromium(playwright)
    if not path:
        _install()
        path = _find_chromium(playwright)
    if not path:
        raise RuntimeError(f"The browser tests need Chromium. Install it with: {' '.join(_install_command())}")
    return path


def _find_chromium(playwright: Playwright) -> Path | None:
    candidates = [*map(shutil.which, EXECUTABLE_NAMES), playwright.chromium.executable_path]
    return next((Path(path) for path in candidates if path and Path(path).exists()), None)


def _install_command() -> list[str]:
    debian = shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0
    return APT if debian else PLAYWRIGHT


def _install() -> None:
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    if _install_command() is APT:
        subprocess.run(["apt-get", "update"], env=quiet, timeout=INSTALL_SECONDS, check=False)
    subprocess.run(_install_command(), env=quiet, timeout=INSTALL_SECONDS, check=False)
