"""A start whose drives are spread as threshold-dependent batch normalization spreads them.

    x' = alpha V (x - mean) / sqrt(variance + e) gamma + beta;  folded: w' = alpha V gamma w / sqrt(variance + e)

over all steps, images and places; V is the threshold, alpha 1, or 1 / sqrt 2 for each of two branches that are added,
so that their sum has the spread V, too. Source: Zheng et al. 2021 ("Going Deeper With Directly-Trained Larger Spiking
Neural Networks"). Here a layer's drive is given the spread V by its scale, which the weights behind it make up for.
Dropped: that means become 0, and that each channel has a spread of its own; a network that was trained has its own
means and spreads, folded into its weights, and would lose what it knows. Gamma and beta are trained, as weights and
biases of each channel are.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from convert.frontends.original import Images, Original
from convert.network import Network
from convert.training.wave.schedule import Wave, wave_of_scales


def tdbn_wave(network: Network, steps: int, spreads: Mapping[str, float]) -> Wave:
    """``network`` as a wave of ``steps`` in which a drive as far from its mean as ``spreads`` has its layer is a
    threshold a step from it."""
    scales_hz = {p.name: 1 / (network.dt_s * spreads[p.name]) for p in network.chip_populations}
    return wave_of_scales(network, steps, scales_hz, 1.0)


def drive_spreads(original: Original, images: Images) -> dict[str, float]:
    """The standard deviation of each layer's drive over ``images``, places and channels, each channel from its mean."""
    return {
        name: float(np.sqrt(np.mean(np.var(drive.reshape(-1, drive.shape[-1]), axis=0)))) or 1.0
        for name, drive in original.drives(images).items()
    }
