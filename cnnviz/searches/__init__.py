"""Searches over designs: a driver for each, above the runs that it submits."""
