"""Images and labels: read, checked, cut to the size of a model, scored."""
