"""What the board has measured of itself, as a device of the report."""

from __future__ import annotations

from deploy.device_report import DeviceReport, Joules, MeasuredEntry, entry_of

from .checkpoint import BOARD
from .results import Results

SOURCE = "the board's own probes, by NxSDK (powerProfileStats)"


def board_measured(results: Results, board: str) -> tuple[MeasuredEntry, ...]:
    """One line for the ``board`` that ran the images, means of an image; none if nothing was measured."""
    if not results.board.size:
        return ()
    of = dict(zip(BOARD, results.board.tolist(), strict=True))
    device = DeviceReport(
        name=f"Loihi board {board}",
        kind="spiking chip",
        measured=True,
        joules_per_inference=Joules(total=of["joules"], static=of["static joules"], dynamic=of["dynamic joules"]),
        seconds_per_inference=of["seconds"],
        source=SOURCE,
        assumptions=("power is a mean over the whole run", "dynamic is total less static, and may read negative"),
        time_measured=True,
    )
    return (entry_of(device),)
