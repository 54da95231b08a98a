"""``nengo_loihi.Simulator`` with its chip on this emulator: the same probe data, sooner."""

from __future__ import annotations

import functools
import warnings
from typing import Any

from convert.upstream.nengo_loihi import load_nengo_loihi
from deploy.foreign import Module

from .chip import FastEmulator

nengo_loihi: Module = load_nengo_loihi()
from nengo_loihi.simulator import Simulator as LoihiSimulator  # noqa: E402


class Simulator(LoihiSimulator):  # type: ignore[misc]
    """A ``nengo_loihi.Simulator``, with its arguments, attributes and probe data, whose chip runs on the fast emulator.

    Networks that learn or have noise on the chip, and target ``simreal``, run on NengoLoihi's own; a warning says so.
    """

    @functools.wraps(LoihiSimulator.__init__)  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "invalid value encountered in cast", RuntimeWarning)  # its NaN integers
            super().__init__(*args, **kwargs)
        stock = self.sims.get("emulator")
        if stock is not None and not isinstance(stock, FastEmulator):
            self.sims["emulator"] = self._runner.emulator = FastEmulator(self.model, seed=stock.seed)
            stock.close()


def install() -> None:
    """Makes ``nengo_loihi.Simulator`` itself run its chip on the fast emulator, in all of this process.

    That includes target ``emulator`` of this package, which then compares the fast emulator with itself.
    """
    nengo_loihi.simulator.EmulatorInterface = FastEmulator
    nengo_loihi.emulator.EmulatorInterface = FastEmulator
