"""Views of the Inside page: one net and one sample, looked at from several sides."""
