"""What can run a network: one file each, by name in ``registry``."""
