"""The network: populations, the projections between them, readouts; all frozen, typed and readable without Keras."""

import lazy_loader

# Names are loaded when first used: a constant of a neuron costs no NumPy.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
