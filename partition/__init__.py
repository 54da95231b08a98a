"""Network in, neurons on cores and chips out."""

import lazy_loader

# Names are loaded when first used: ``partition-model --help`` is quick.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
