"""What converting a model would give, told from the model alone: ``convert-model MODEL --check``."""
