"""The exact fast emulator: nengo_loihi's spikes, compiled once for a network and its partition.

``compile_network(network, partition)`` makes a ``Program``, ``drives_hz(network, images)`` what the host neurons are
driven with, ``run(program, drives, steps)`` the spikes. ``Simulator(net)`` is nengo_loihi's, with its chip computed
here. Importing this package loads neither Numba nor nengo_loihi.
This is target ``fast``; target ``emulator`` is nengo_loihi's own, in ``deploy/targets/nengo_loihi.py``.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
