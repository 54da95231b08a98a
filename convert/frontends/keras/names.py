"""Names of layers: Keras 3 takes any, tf-keras, Nengo and npz archives do not."""

from __future__ import annotations

import re

from convert.network import EVENT_SOURCE, INPUT

RESERVED = frozenset({INPUT, EVENT_SOURCE, "image", "file", "allow_pickle"})
"""Names that mean something else here: the network's input, the model's, arguments of ``numpy.savez``."""


def plain(name: str) -> str:
    """``name`` with an underscore for each character that tf-keras does not take in a scope, a letter first."""
    found = re.sub(r"[^A-Za-z0-9_.>-]", "_", name)
    return found if re.match(r"[A-Za-z0-9.]", found) else f"layer{found}"
