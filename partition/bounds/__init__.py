"""Certified lower bounds on the messages between chips.

``spreading_metric`` is a part of every search. On request, as they take minutes: ``branching``, for two chips, and
``rooted_flows``, for any number.
"""
