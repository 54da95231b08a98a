"""What runs the model on this processor: one engine for each file, all by one protocol."""
