"""Files that a run can be downloaded as: a script, a notebook, a report, event files, and a zip of all of them."""
