"""Joules and seconds of one inference: estimated from counts, or measured here."""
