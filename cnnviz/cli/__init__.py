"""cnnviz on the command line, for scripts, clusters and tests. The commands are described in docs/headless.md.

commands.py  the commands and their options; each imports what it needs when it runs, since torch takes a second
files.py     reading files up to a size, and writing them atomically
designs.py   designs from files, and their tables
config.py    the settings and the data of a training
training.py  a training whose results are written to a folder
progress.py  progress of a training, on the standard error
stopping.py  SIGINT and SIGTERM as a request to stop
weights.py   weights from files
people.py    teachers and names of a server for a class
"""

from cnnviz.cli.commands import main

__all__ = ["main"]
