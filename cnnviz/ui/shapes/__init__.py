"""Views of the Shapes page."""
