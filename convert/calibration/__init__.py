"""Rates, weights, gains and biases fitted to what spikes deliver, without training and without labels."""
