"""Network in, neurons on cores and chips out.

Beside the rooms: ``hardware`` (chips and boards), ``options``, ``search`` (the whole of it), ``report``, ``result``.
The rooms, each of which imports only earlier ones: ``geometry`` (who reaches whom, tiles and blocks), ``core`` (what
fits a core), ``traffic`` (messages between blocks), ``place`` (blocks on chips), ``tiles`` (how layers are cut),
``board`` (chips on the board), ``bounds`` (how few messages are possible).
"""

import lazy_loader

# Names are loaded when first used: ``partition-model --help`` is quick.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
