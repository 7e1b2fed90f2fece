"""Training: configuration, batches, the ignite trainer."""
