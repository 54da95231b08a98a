"""What is linear between two ReLUs -> one projection, measured and compared with Keras."""
