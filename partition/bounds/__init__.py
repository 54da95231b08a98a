"""Certified lower bounds on the messages between chips.

``spreading_metric`` is a part of every search; ``branching`` is sharper, for two chips, and takes minutes: on request.
"""
