"""Images -> events as a sensor would give them: simulated, and said to be in the file."""
