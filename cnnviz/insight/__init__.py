"""What can be read off a run: its mistakes, how sure it was, what its curves say. No widget, no file, no database."""
