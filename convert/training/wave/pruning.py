"""Synapses left out: every tap of a kernel keeps the same number of channels, those of its largest weights.

A core stores one list for each pixel that it hears, and the lists of that pixel's channels have one length. So synapses
are saved where each channel of a source leaves out as many; which ones, each says for itself. The share that is left
out rises as a cubic; while it rises a weight that is left out is trained on as if it were not, and may come back.
Sources: the cubic of Zhu and Gupta 2017 (arXiv 1710.01878, equation 1); gradients that pass by the choice, Zhou et al.
2021 (arXiv 2102.04010), who keep N of M weights, without their decay.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from convert.network import Network, SharedKernel
from convert.network.transforms import channels_kept
from convert.training.descent import Key, Values

RISING = 0.5
"""The share of a stage in which the share left out rises; then the choice stays."""


def share_left_out(share: float, done: float) -> float:
    """What is left out when a share ``done`` of a stage is over that ends with ``share``."""
    return share * (1 - (1 - min(1.0, done / RISING)) ** 3)


def chosen_for_good(done: float) -> bool:
    """Whether what is left out stays so."""
    return done >= RISING


def prunable(network: Network) -> set[Key]:
    """The kernels that spikes on the chip reach it by."""
    chip = {p.name for p in network.chip_populations}
    return {
        ("weights", place)
        for place, p in enumerate(network.projections)
        if p.target in chip and isinstance(p.transform, SharedKernel)
    }


def share_lost(network: Network, keys: set[Key]) -> float:
    """What every kernel of ``keys`` lacks already, as a training before has left it."""
    kernels = [network.projections[place].transform.weights for _, place in keys if isinstance(place, int)]
    return min((1 - channels_kept(kernel) / kernel.shape[-1] for kernel in kernels), default=0.0)


def kept(kernel: NDArray[np.float32], share: float) -> NDArray[np.bool_]:
    """Which weights of ``kernel`` (rows, columns, channels in, channels out) stay when each tap loses ``share``."""
    channels = kernel.shape[-1]
    number = max(1, round(channels * (1 - share)))
    order = np.argsort(-np.abs(kernel), axis=-1, kind="stable")
    mask = np.zeros(kernel.shape, np.bool_)
    np.put_along_axis(mask, order[..., :number], values=True, axis=-1)
    return mask


def pruned(values: Values, keys: set[Key], share: float) -> Values:
    """``values`` without what is left out of those of ``keys``."""
    if not share:
        return values
    return {key: np.where(kept(v, share), v, np.float32(0)) if key in keys else v for key, v in values.items()}


def of_kept(gradients: Values, values: Values, keys: set[Key]) -> dict[Key, NDArray[np.float32]]:
    """``gradients`` without those of weights that are 0 in ``values``."""
    return {key: g * (values[key] != 0) if key in keys else g for key, g in gradients.items()}
