"""Views of the Result page."""
