"""Views of the Activations page: a chapter of the course each."""
