"""A module whose import starts a thread."""

from tests.processes.jobs import start_thread

start_thread()
