"""What spikes cause: messages, synaptic operations, updates."""
