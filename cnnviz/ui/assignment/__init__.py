"""Views of the Assignment page."""
