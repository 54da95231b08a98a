"""Neurons that are computed twice, so that their spikes need not come from another chip."""
