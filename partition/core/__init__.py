"""What a block takes of its core: compartments, axons, synapse memory."""
