"""Buttons, slider, keys and clock of drawings that go step by step, to be put before their own code."""

from pathlib import Path

_HERE = Path(__file__).parent
STEPPER_CSS = (_HERE / "stepper.css").read_text(encoding="utf-8")
STEPPER_JS = (_HERE / "stepper.js").read_text(encoding="utf-8")
