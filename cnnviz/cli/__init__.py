"""cnnviz without a page: for scripts, clusters and tests. What each command does: docs/headless.md.

commands.py  the commands and their options; imports what they need when they run, since torch takes a second
files.py     files read within bounds and written whole or not at all
designs.py   designs from files, and their tables
choosing.py  the configuration and the data of a training
training.py  a training into a folder
progress.py  how far it is, on the standard error
stopping.py  SIGINT and SIGTERM as a wish to stop
weights.py   weights from files
"""

from cnnviz.cli.commands import main

__all__ = ["main"]
