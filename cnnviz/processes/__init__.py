"""Child processes of the server: pipes to them, long-lived workers and one-shot jobs."""
