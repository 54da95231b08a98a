"""TensorFlow, NengoDL and NengoLoihi, loaded when needed and made to fit together."""
