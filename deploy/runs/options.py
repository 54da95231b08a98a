"""How a bundle is run."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass

from deploy.targets.names import TargetName

WINDOW = 0.5
"""The share of the steps, the last ones, whose rates the host averages; chosen: most layers have settled by then."""

UNSIGNED = ("threads", "measure", "name", "early")
"""Options that do not change what a target does with an image."""


@dataclass(frozen=True)
class RunOptions:
    """How to run; ``images`` None means all, ``skip`` leaves out the first ones.

    ``window`` is the share of the steps whose rates are read out, ``every`` the steps between readouts, ``early``
    the threshold of ``deploy.runs.early_exit`` (None: chosen on every other image, and reported on those left).
    """

    target: TargetName = "fast"
    images: int | None = None
    skip: int = 0
    timesteps: int | None = None
    threads: int = os.cpu_count() or 1
    continuous: bool = False
    name: str | None = None
    measure: bool = True
    window: float = WINDOW
    every: int | None = None
    early: float | None = None

    @property
    def run_name(self) -> str:
        return self.name or self.target

    def signed(self) -> dict[str, str | int | float | None]:
        """The options on which the outputs of an image depend."""
        return {key: value for key, value in asdict(self).items() if key not in UNSIGNED}
