"""Fine-tuning: on the rates of the Keras model, and through the spikes of the network."""
