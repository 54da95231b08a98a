"""When the host reads out, and over which steps it averages."""

from __future__ import annotations

from collections.abc import Sequence

from convert.network import Network, TimeCourse
from convert.report import Task
from deploy.targets.registry import Window

from .options import WINDOW

EVERY: dict[Task, int] = {"classification": 4, "segmentation": 8, "regression": 4, "anomaly": 4}
"""Steps between readouts; a readout of a segmentation is a whole image to keep."""
LEAST = 16
"""Steps that the usual window has at least: in fewer, single spikes count too much (docs/calibration.md)."""
FEWEST = 8
"""Readouts of a short run: then they are nearer to each other than ``EVERY``."""


def windows_at(network: Network, steps: Sequence[int], share: float | None = None) -> list[Window]:
    """For each of these numbers of steps the window that is averaged.

    It is the last ``share`` of them (None: ``WINDOW``, ``LEAST`` at least, of events all), but nothing before the first
    spikes can have come through all layers. Of an image that is shown for a part of the steps only, no spike is left
    out: each layer fires for that many steps.
    """
    least = LEAST if share is None else 0
    if network.input_end_step is not None or (share is None and network.input.time_course is TimeCourse.EVENTS):
        share = 1.0
    elif share is None:
        share = WINDOW
    lag = readout_lag(network)
    return [(min(max(min(int(stop * (1 - share)), stop - least), lag), stop - 1), stop) for stop in steps]


def readout_lag(network: Network) -> int:
    """The steps that spikes take to come through all layers; until then those of the image before are read."""
    depths = network.depth()
    readouts = {readout.name for readout in network.readouts}
    return max(depths[p.source] for p in network.projections if p.target in readouts)


def last_arrival_step(network: Network) -> int:
    """The step at which the last layer's drive has arrived: its depth, or when the last bias starts."""
    onsets = (p.onset_step + 1 for p in network.populations if not p.on_chip and p.clearing is None)
    return max(*network.depth().values(), *onsets)


def readout_steps(timesteps: int, every: int) -> list[int]:
    """Every so many steps, ending with all of them."""
    return sorted({*range(every, timesteps, every), timesteps})


def steps_between(task: Task, timesteps: int) -> int:
    """The steps between readouts where none are asked for."""
    return max(1, min(EVERY[task], timesteps // FEWEST))
