"""The process that trains the runs of one device, and the supervisor that keeps it alive."""
