"""The buttons, slider, keys and timer of step-by-step drawings, which put this code before their own."""

from pathlib import Path

_HERE = Path(__file__).parent
STEPPER_CSS = (_HERE / "stepper.css").read_text(encoding="utf-8")
STEPPER_JS = (_HERE / "stepper.js").read_text(encoding="utf-8")
