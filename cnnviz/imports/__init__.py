"""Data sets that students bring: read in processes of their own, one at a time."""
