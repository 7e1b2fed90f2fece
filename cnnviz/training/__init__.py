"""Training a net with ignite: its configuration, its batches, and what is measured on the way."""
