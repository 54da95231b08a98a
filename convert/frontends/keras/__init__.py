"""Any Keras file -> a flat tf-keras model, cut at its ReLUs."""
