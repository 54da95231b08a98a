"""A file that ``export-model`` wrote: its network, rates and report come back as they were."""

from __future__ import annotations

from pathlib import Path

from convert.errors import UserError
from convert.frontends.nir.own import Own
from convert.network import Network, require_runnable, require_timesteps

from .measured import guessed_rates
from .options import NirOptions
from .report import Spiking

AS_IT_WAS = "the network is the one that export-model wrote, by the file's metadata: nothing is assumed"

SET_ASIDE = "its metadata is left aside, for --dt, --reset or --vmin was given: only its nodes are taken"


def network_as_it_was(own: Own, options: NirOptions) -> Network:
    """The network, with other steps if they are asked for. Raises ``UserError`` if it cannot run so."""
    network = own.network if options.timesteps is None else own.network.with_(timesteps=options.timesteps)
    require_runnable(network)
    require_timesteps(network)
    return network


def as_it_was(own: Own, data_path: Path | None, options: NirOptions) -> Spiking:
    """The network with its own rates. Raises ``UserError`` for what there is no use for."""
    from convert.calibration.firing_rates import FiringRates

    problems = [
        f"{option}: this file has a network of images and brings its rates; leave it out, and measure with "
        "deploy-model --data"
        for option, given in (("--data", data_path), ("--reference", options.reference))
        if given is not None
    ]
    if problems:
        raise UserError(problems)
    network = network_as_it_was(own, options)
    names = {population.name for population in network.populations}
    rates = FiringRates(own.mean_hz, own.peak_hz) if names <= own.mean_hz.keys() else guessed_rates(network)
    return Spiking(network, (AS_IT_WAS,), rates, {}, None, 0, own.report)
