"""A bundle out of this house: its network as a file that other simulators read."""
