"""Small spiking architectures, bred by accuracy and joules, each scored on exact integers."""
