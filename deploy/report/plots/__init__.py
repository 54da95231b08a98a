"""Plots of a page, as SVG in two forms."""
