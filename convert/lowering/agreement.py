"""The network as it was lowered beside the model that it was made from: both give rates, and the same ones.

The rates are those of NengoDL's simulator where NengoDL is installed, else of ``network/forward.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from convert.network import Network
from convert.network.forward import outputs

AGREEMENT = 1e-4
"""Largest difference between the rate network and Keras, relative to the largest output, that passes."""

Simulator = Literal["NengoDL", "NumPy"]
"""What gave the rates."""


@dataclass(frozen=True)
class Agreement:
    """Largest absolute difference of the readouts from the model's outputs, what is tolerated, what gave the rates."""

    max_abs_error: float
    tolerance: float
    simulator: Simulator

    @property
    def holds(self) -> bool:
        return self.max_abs_error <= self.tolerance


def agreement(network: Network, images: NDArray[np.float32], expected: Sequence[NDArray[np.float32]]) -> Agreement:
    """Compares the rate network with ``expected``, the model's outputs before softmax or sigmoid, on ``images``."""
    simulator: Simulator = "NumPy" if find_spec("nengo_dl") is None else "NengoDL"
    pairs = list(zip(_outputs(network, images, simulator), expected, strict=True))
    error = max(float(np.abs(found.reshape(wanted.shape) - wanted).max()) for found, wanted in pairs)
    most = max(1.0, *(float(np.abs(wanted).max()) for _, wanted in pairs))
    return Agreement(error, AGREEMENT * most, simulator)


def _outputs(network: Network, images: NDArray[np.float32], simulator: Simulator) -> Sequence[NDArray[np.floating]]:
    """The readouts before their activation."""
    if simulator == "NengoDL":
        from .nengo_dl_form import rate_outputs

        return rate_outputs(network, images)
    return outputs(network.with_(readouts=tuple(replace(r, activation="linear") for r in network.readouts)), images)
