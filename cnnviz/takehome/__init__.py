"""A run in forms that leave the app: a script, a notebook, a report, event files, one zip."""
