"""How a run uses the board, and what of the board's limits it would exceed: before anything is uploaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from convert.errors import UserError
from convert.network import Network
from deploy.arrays import Float64
from deploy.events.fan_out import Fanout, fanouts
from partition.geometry.links import links_onto_chip
from partition.result import Partition
from partition.violations import violations


@dataclass(frozen=True)
class BoardLimits:
    """What the host and the management processors of a board may be asked for.

    Intel publishes none of these numbers: all are chosen by hand, and none was ever tried on a board.
    """

    generated_spikes: int = 20_000_000
    """Spikes that NxSDK's generator holds for one upload."""
    snip_spikes: int = 4096
    """Spikes that the host's snip passes on in a step."""
    probed_neurons: int = 65_536
    """Neurons whose spikes are probed."""
    output_axons: int = 4096
    """Axons that a host spike may name on a core. Source: ``SpikePacker.pack`` in nengo_loihi/hardware/interface.py."""


BOARD_LIMITS = BoardLimits()


@dataclass(frozen=True)
class BoardPlan:
    """``precompute``: all spikes of the host are made first and given to the board's generator; else a snip passes them
    on step by step, up to ``snip_spikes`` at a time. ``record`` are the populations whose spikes are probed."""

    precompute: bool
    snip_spikes: int
    record: tuple[str, ...]


def plan_of(
    network: Network,
    partition: Partition,
    drives_hz: Mapping[str, Float64],
    readout_sources: Sequence[str],
    limits: BoardLimits = BOARD_LIMITS,
) -> BoardPlan:
    """How one input with ``drives_hz``, shapes (images, ...), is best run; the one with the most spikes decides.

    Raises ``UserError`` with every limit that is exceeded, of the chip and of the board.
    """
    tables = fanouts(network, partition)
    hosts = [p.name for p in network.populations if not p.on_chip]
    generated = int(sum(_generated(network, name, drives_hz[name], tables[name]) for name in hosts))
    at_once = int(sum(_at_once(drives_hz[name], tables[name]) for name in hosts))
    record, probes = _recorded(network, readout_sources, limits)
    problems = [f"{problem}; run partition-model on this bundle again" for problem in violations(network, partition)]
    problems += probes
    precompute = generated <= limits.generated_spikes
    if not precompute and at_once > limits.snip_spikes:
        problems.append(
            f"the host sends about {generated:,} spikes for an image, the board's generator holds "
            f"{limits.generated_spikes:,}, and up to {at_once:,} in a step, a snip passes {limits.snip_spikes:,}; use "
            f"--timesteps {max(1, network.timesteps * limits.generated_spikes // generated)} or fewer, or convert with "
            "lower --rates"
        )
    if problems:
        raise UserError(problems)
    return BoardPlan(precompute, max(1, at_once), record)


def _generated(network: Network, name: str, drives: Float64, table: Fanout) -> float:
    """The messages that the spikes of a host population become in an image, at most over images."""
    spikes: Float64 = np.clip(drives * network.dt_s, 0, 1) * network.timesteps
    if drives.ndim == 3:  # events, each a spike
        spikes = np.asarray(drives.sum(axis=1))
    return float((_of_lines(np.asarray(spikes), table) @ table.messages).max(initial=0.0))


def _at_once(drives: Float64, table: Fanout) -> float:
    """The most messages that a host population may send in a step: each of its neurons that is driven fires."""
    fires = np.asarray(drives > 0)
    if drives.ndim == 3:  # events in steps
        fires = np.asarray(fires.any(axis=1))
    return float((_of_lines(fires.astype(np.float64), table) @ table.messages).max(initial=0.0))


def _of_lines(spikes: Float64, table: Fanout) -> Float64:
    """Spikes (images, neurons) summed over the neurons of each line of ``table``."""
    return np.asarray(spikes.reshape(len(spikes), len(table.messages), -1).sum(axis=2))


def _recorded(
    network: Network, readout_sources: Sequence[str], limits: BoardLimits
) -> tuple[tuple[str, ...], list[str]]:
    """All populations if so many may be probed, else those that the host reads; and what is wrong with these."""
    every = tuple(p.name for p in network.populations)
    if _probed(network, every) <= limits.probed_neurons:
        return every, []
    read = tuple(readout_sources)
    if (needed := _probed(network, read)) <= limits.probed_neurons:
        return read, []
    return read, [
        f"the host reads {needed:,} neurons of the chip, a board's probes hold {limits.probed_neurons:,}; use a model "
        "whose last layer is smaller, or cut its input to smaller images"
    ]


def _probed(network: Network, names: Sequence[str]) -> int:
    return sum(network.population(name).neurons for name in names if network.population(name).on_chip)


def reads_whole_chip(network: Network, plan: BoardPlan) -> bool:
    """Whether spikes of every layer come back, so that they can be counted."""
    return set(plan.record) >= {p.name for p in network.populations} and bool(links_onto_chip(network))
