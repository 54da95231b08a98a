"""The tile of each layer: which ones fit, and which ones bring the fewest messages."""
