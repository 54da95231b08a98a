"""The board's own probes of power and time, where NxSDK has them."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log2

from convert.storage.recovery import NOTES
from deploy.foreign import NxsdkBoard

BUFFER = 1024
"""Bins of the probe. Source: NxSDK's tutorial on performance profiling."""


@dataclass(frozen=True)
class BoardPower:
    """What was measured of so many ``seconds``: the board's watts in all, static and dynamic.

    The dynamic ones, a difference, may read negative.
    """

    seconds: float
    watts: float
    static_watts: float
    dynamic_watts: float


def probe_power(board: NxsdkBoard, steps: int) -> bool:
    """Has ``board`` measure its power in ``steps`` steps; before it starts. False, with a note, where it cannot."""
    try:
        from nxsdk.api.enums.api_enums import ProbeParameter
        from nxsdk.graph.monitor.probes import PerformanceProbeCondition

        bins = 2 ** max(0, ceil(log2(max(1, steps) / BUFFER)))
        condition = PerformanceProbeCondition(tStart=1, tEnd=steps, bufferSize=BUFFER, binSize=bins)
        board.probe(probeType=ProbeParameter.ENERGY, probeCondition=condition)
    except Exception as error:  # whatever an SDK does that nobody here has seen: the run is worth more than its power
        NOTES.info("the board's power is not measured: %s", error)
        return False
    return True


def measured_power(board: NxsdkBoard, steps: int) -> BoardPower | None:
    """What ``probe_power`` has found, once the board is disconnected; None, with a note, if it is not there.

    NxSDK gives milliwatts, and microseconds for a step.
    """
    try:
        stats = board.energyTimeMonitor.powerProfileStats
        total, static, dynamic = (1e-3 * float(stats.power[kind]) for kind in ("total", "static", "dynamic"))
        return BoardPower(1e-6 * float(stats.timePerTimestep) * steps, total, static, dynamic)
    except Exception as error:  # as above
        NOTES.info("the board's power was not measured: %s", error)
        return None
