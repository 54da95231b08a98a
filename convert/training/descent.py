"""A descent by Adam that can be written down and go on: values by key, and what is known of their gradients.

Source: Kingma and Ba 2015, algorithm 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convert.storage.atomic import whole_file
from convert.storage.damage import DAMAGED

Key = tuple[str, int | str]
"""What it is and whose: ``convert.training.wave.parameters`` says more."""

Values = Mapping[Key, NDArray[np.float32]]

KEPT, KEPT_OF_SQUARES, LEAST = np.float32(0.9), np.float32(0.99), np.float32(1e-8)
"""What the means keep in a step, and what keeps their quotient finite."""

KEPT_OF_NORM = 0.98
LONGEST = 2.0
"""A gradient is cut to so many times the mean length of those before, into which it enters with no more than 3."""


@dataclass(frozen=True)
class Descent:
    """``values`` after so many ``batches``, ``steps`` of them since the means of gradients and squares were zero;
    ``length`` is the mean one of gradients. What no gradient moves is kept ``beside``."""

    values: Values
    mean: Values
    square: Values
    batches: int = 0
    steps: int = 0
    length: float = 0.0
    beside: Values = field(default_factory=dict)

    @classmethod
    def start(cls, values: Values, beside: Values | None = None) -> Descent:
        return cls(values, _zeros(values), _zeros(values), beside=beside or {})

    def rested(self) -> Descent:
        """The same place, as if it were the first."""
        return replace(self, mean=_zeros(self.values), square=_zeros(self.values), steps=0, length=0.0)

    def step(self, gradients: Values, rate: float) -> Descent:
        """One batch further; values move by about ``rate``. What has no gradient stays."""
        length = float(np.sqrt(sum(float(np.vdot(g, g)) for g in gradients.values())))
        usual = self.length or length
        usual = KEPT_OF_NORM * usual + (1 - KEPT_OF_NORM) * min(length, 3 * usual)
        cut = np.float32(min(1.0, LONGEST * usual / length) if length else 1.0)
        steps = self.steps + 1
        bias, bias_of_squares = 1 - float(KEPT) ** steps, 1 - float(KEPT_OF_SQUARES) ** steps
        values, mean, square = dict(self.values), dict(self.mean), dict(self.square)
        for key, gradient in gradients.items():
            g = gradient * cut
            mean[key] = KEPT * mean[key] + (1 - KEPT) * g
            square[key] = KEPT_OF_SQUARES * square[key] + (1 - KEPT_OF_SQUARES) * g * g
            size = np.sqrt(square[key] / np.float32(bias_of_squares)) + LEAST
            values[key] = values[key] - np.float32(rate / bias) * mean[key] / size
        return Descent(values, mean, square, self.batches + 1, steps, usual, self.beside)

    def write(self, path: Path) -> None:
        """Writes the .npz file ``path``, whole or not at all."""
        parts = {"values": self.values, "mean": self.mean, "square": self.square, "beside": self.beside}
        arrays = {f"{part} {kind} {whose}": a for part, of in parts.items() for (kind, whose), a in of.items()}
        with whole_file(path) as beside:
            np.savez(beside, allow_pickle=False, where=np.array([self.batches, self.steps, self.length]), **arrays)

    def read(self, path: Path) -> Descent | None:
        """What was written to ``path`` of a descent that started here; None if nothing, or nothing that can be read."""
        try:
            with np.load(path) as data:

                def part(name: str, like: Values) -> Values:
                    found = {key: data[f"{name} {key[0]} {key[1]}"] for key in like}
                    assert all(found[key].shape == value.shape for key, value in like.items())
                    return found

                batches, steps, length = data["where"]
                means = part("mean", self.mean), part("square", self.square)
                values, beside = part("values", self.values), part("beside", self.beside)
                return Descent(values, *means, int(batches), int(steps), float(length), beside)
        except (*DAMAGED, AssertionError):
            return None


def cosine(rate: float, done: float, warm: float) -> float:
    """The ``rate`` when a share ``done`` of a training is: it rises over the share ``warm``, then falls as a cosine."""
    return rate * 0.5 * (1 + float(np.cos(np.pi * done))) * min(1.0, 0.02 + done / warm)


def _zeros(values: Values) -> Values:
    return {key: np.zeros_like(value) for key, value in values.items()}
