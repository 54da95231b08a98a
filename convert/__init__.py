"""Trained Keras model in, network of spiking populations out."""

import lazy_loader

# Names are loaded when first used: ``import convert`` alone must not start TensorFlow.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
