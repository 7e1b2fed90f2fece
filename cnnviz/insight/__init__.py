"""Analysis of a run: its mistakes, its confidence, what its curves say. Uses no widget, file or database."""
