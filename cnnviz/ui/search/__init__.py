"""Views of the Search page."""
