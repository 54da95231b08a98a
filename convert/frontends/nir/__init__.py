"""NIR files: spiking networks as other simulators write them, already linear maps and neurons."""
