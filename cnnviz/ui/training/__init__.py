"""Views of the Train page."""
