"""Messages between blocks, from geometry and firing rates."""
