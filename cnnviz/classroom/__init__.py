"""Assignments: what is asked for, what was handed in, how it is scored, and what comes of it."""
