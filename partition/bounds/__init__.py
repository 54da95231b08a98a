"""Certified lower bounds on the messages between chips."""
