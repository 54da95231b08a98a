"""Keras -> Keras: what is rewritten before the cut."""
