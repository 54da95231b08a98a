"""A run over a dataset: images, their results, when to stop, what run.json says."""
