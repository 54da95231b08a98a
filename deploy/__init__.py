"""Network and partition in, runs on the emulator or the chip and energy reports out."""

import lazy_loader

# Names are loaded when first used: ``deploy-model --help`` is quick.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
