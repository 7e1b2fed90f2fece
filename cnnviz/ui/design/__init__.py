"""Views of the Design page."""
