"""Recordings of event sensors: read from files, put into time steps."""
