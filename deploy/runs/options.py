"""How a bundle is run."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from math import inf, isfinite

from convert.options import LIMITS as CONVERSION
from convert.options import out_of_range
from deploy.targets.names import TargetName

STEPS = CONVERSION["timesteps"]
WINDOW = 1 / 3
"""The share of the steps, the last ones, whose rates the host averages, but 16 at least: docs/calibration.md.

Of events, which come and go, all of them.
"""

LIMITS = {
    "images": (1, 10**9),
    "skip": (0, 10**9),
    "every": (1, STEPS[1]),
    "timesteps": STEPS,
    "threads": (1, 1024),
    "workers": (1, 1024),
}
"""The least and the most of whole numbers."""

FLAGS = {
    "threads": None,
    "name": None,
    "measure": None,
    "package_watts": None,
    "memory": None,
    "scheduler": None,
    "workers": None,
    "event_dt_s": "--event-dt",
    "event_start_s": "--event-start",
}
"""Options of the command that change no result (None), or have another name."""

SPREAD: tuple[TargetName, ...] = ("fast", "emulator", "nengo-dl")
"""Targets that a cluster's workers can be: the board is at one machine, and the original is in the client's files."""

UNSIGNED = ("threads", "measure", "package_watts", "name", "early", "memory", "scheduler", "workers")
"""Options that do not change what a target does with an image."""


@dataclass(frozen=True)
class RunOptions:
    """How to run; ``images`` None means all, ``skip`` leaves out the first ones.

    ``window`` is the share of the steps whose rates are read out (None: ``WINDOW``, of events all), ``every`` the steps
    between readouts, ``early`` the threshold of ``deploy.runs.early_exit`` (None: chosen on every other image, and
    reported on those left).
    Events: a step has those of ``event_dt_s`` (None: as long as a step of the network), from ``event_start_s`` after
    the first one on; several of one pixel in a step are as many if ``count_events``, else one. As an ``event_stream``
    recordings follow each other without a pause and are cut into windows of ``timesteps``, each read out by itself.
    ``package_watts`` is the power of this machine's processors (None: measured, or by their name), ``memory`` the most
    to take, in bytes (None: what is free).
    ``scheduler`` is the address of a Dask scheduler whose workers run the images, ``workers`` the processes of a
    cluster that is started on this machine for this run alone.
    """

    target: TargetName = "fast"
    images: int | None = None
    skip: int = 0
    timesteps: int | None = None
    threads: int = os.cpu_count() or 1
    continuous: bool = False
    name: str | None = None
    measure: bool = True
    package_watts: float | None = None
    window: float | None = None
    every: int | None = None
    early: float | None = None
    memory: int | None = None
    event_dt_s: float | None = None
    event_start_s: float = 0.0
    count_events: bool = False
    event_stream: bool = False
    scheduler: str | None = None
    workers: int | None = None

    @property
    def on_cluster(self) -> bool:
        """Whether other processes run the images."""
        return self.scheduler is not None or self.workers is not None

    @property
    def run_name(self) -> str:
        return self.name or self.target

    def problems(self) -> list[str]:
        """What is wrong with them, one sentence for each."""
        problems = out_of_range({name: getattr(self, name) for name in LIMITS}, LIMITS)
        if self.window is not None and not 0 < self.window <= 1:
            problems.append(f"window is {self.window}, a share of the steps; use more than 0 and at most 1")
        if self.early is not None and not isfinite(self.early):
            problems.append(f"early is {self.early}; give a finite number")
        if self.package_watts is not None and not 0 < self.package_watts < inf:
            problems.append(f"package_watts is {self.package_watts}; give a finite number above 0")
        if self.event_dt_s is not None and not 0 < self.event_dt_s < inf:
            problems.append(f"event_dt_s is {self.event_dt_s}; give a finite number above 0")
        if not 0 <= self.event_start_s < inf:
            problems.append(f"event_start_s is {self.event_start_s}; give a finite number, at least 0")
        if self.count_events and self.target != "fast":
            problems.append(
                f"count_events: target '{self.target}' takes one event of a pixel in a step; leave out --count-events, "
                "or use --target fast"
            )
        if self.continuous and self.early is not None:
            problems.append(
                "--early and --continuous: an image that stops early changes the next; leave out one of them"
            )
        return problems + self._cluster_problems()

    def _cluster_problems(self) -> list[str]:
        """What is wrong with spreading the images over workers."""
        problems = []
        if self.scheduler is not None and self.workers is not None:
            problems.append(
                "scheduler and workers: a cluster is there already, or is started here; leave out one of --scheduler "
                "and --workers"
            )
        if self.on_cluster and self.continuous:
            problems.append(
                "continuous: an image starts from the state that the one before has left, and workers would only wait; "
                "leave out --continuous, or --scheduler and --workers"
            )
        if self.on_cluster and self.target not in SPREAD:
            problems.append(
                f"target '{self.target}' is not on the workers; leave out --scheduler and --workers, or use --target "
                f"{', '.join(SPREAD)}"
            )
        return problems

    def signed(self) -> dict[str, str | int | float | None]:
        """The options on which the outputs of an image depend."""
        given = {**asdict(self), "window": WINDOW if self.window is None else self.window}
        return {key: value for key, value in given.items() if key not in UNSIGNED}
