"""``nengo_loihi.Simulator`` with its chip on this emulator: the same probe data, sooner."""

from __future__ import annotations

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

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stock = self.sims.get("emulator")
        if stock is not None and not isinstance(stock, FastEmulator):
            self.sims["emulator"] = self._runner.emulator = FastEmulator(self.model, seed=stock.seed)
            stock.close()


def install() -> None:
    """Makes ``nengo_loihi.Simulator`` itself, and whatever is built from it, run its chip on the fast emulator."""
    nengo_loihi.simulator.EmulatorInterface = FastEmulator
    nengo_loihi.emulator.EmulatorInterface = FastEmulator
