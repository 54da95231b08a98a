"""A network of spiking neurons in, a bundle out; nothing is trained, and no simulator needed."""
