"""Networks that nobody has trained yet: how they start, and the recordings that they learn from."""
