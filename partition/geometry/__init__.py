"""Which neurons reach which, and how a population is cut into blocks."""
