"""What a sweep tries: every combination of the values that each option may take, or a random sample of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from itertools import product
from math import prod
from random import Random

from convert.errors import UserError
from convert.options import Options, SpikingRecipe
from deploy.choice.trials import Trial
from partition.board_file import find_board
from partition.hardware import AUTO, Board

OF_PARTITION_AND_RUN = ("board", "window")
"""What needs no conversion of its own."""
MOST = 100_000
"""More combinations than these are a slip of the hand, or meant to be sampled; chosen by hand."""


@dataclass(frozen=True)
class Space:
    """The values of each option; an option with no values stays as it is in the options of all.

    Names are those of ``Options``, of ``SearchOptions.board`` and ``RunOptions.window``.
    """

    rates_hz: tuple[tuple[float, float], ...] = ()
    percentile: tuple[float, ...] = ()
    timesteps: tuple[int, ...] = ()
    steps: tuple[int, ...] = ()
    recipe: tuple[SpikingRecipe, ...] = ()
    fine_tune_epochs: tuple[int, ...] = ()
    spiking_batches: tuple[int, ...] = ()
    seed: tuple[int, ...] = ()
    board: tuple[str, ...] = ()
    window: tuple[float, ...] = ()

    @property
    def axes(self) -> dict[str, Sequence[object]]:
        """The options that have values."""
        return {field.name: values for field in fields(self) if (values := getattr(self, field.name))}

    def __len__(self) -> int:
        return prod(len(values) for values in self.axes.values())


def grid(space: Space, base: Options) -> list[Trial]:
    """A trial for every combination; values that differ from ``base`` in nothing count once. Raises ``UserError``."""
    if len(space) > MOST:
        raise UserError(
            f"{len(space):,} combinations, more than {MOST:,}; give fewer values, or try some of them with --random N"
        )
    return _checked(_trial(space, base, values) for values in product(*space.axes.values()))


def sample(space: Space, base: Options, count: int, seed: int) -> list[Trial]:
    """``count`` different combinations, drawn by ``seed``; all if there are no more."""
    every = list(space.axes.values())
    if len(space) <= count:
        return grid(space, base)
    chosen = Random(seed).sample(range(len(space)), count)
    return _checked(_trial(space, base, _combination(every, number)) for number in sorted(chosen))


def _combination(axes: Sequence[Sequence[object]], number: int) -> list[object]:
    """The combination that ``product`` would give as the ``number``-th."""
    values = []
    for axis in reversed(axes):
        number, place = divmod(number, len(axis))
        values.append(axis[place])
    return values[::-1]


def _trial(space: Space, base: Options, values: Sequence[object]) -> Trial:
    named = dict(zip(space.axes, values, strict=True))
    what = ", ".join(f"{name} {_text(value)}" for name, value in named.items()) or "as given"
    of_conversion = {name: value for name, value in named.items() if name not in OF_PARTITION_AND_RUN}
    options = replace(base, **of_conversion)  # type: ignore[arg-type]
    board, window = named.get("board"), named.get("window")
    assert board is None or isinstance(board, str)
    assert window is None or isinstance(window, float)
    return Trial(what, options, board, window)


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return " to ".join(_text(part) for part in value)
    return f"{value:g}" if isinstance(value, (int, float)) else str(value)


def _checked(trials: Iterator[Trial]) -> list[Trial]:
    """``trials``, each once, with the boards that are named or in files: a worker need not find these.

    Raises ``UserError`` with every problem of any of them.
    """
    found = list({trial.what: trial for trial in trials}.values())
    problems: dict[str, None] = {}
    for trial in found:
        problems |= dict.fromkeys(trial.options.problems())
        if trial.window is not None and not 0 < trial.window <= 1:
            problems[f"window is {trial.window:g}, a share of the steps; use more than 0 and at most 1"] = None
    boards: dict[str, Board] = {}
    for name in dict.fromkeys(t.board for t in found if isinstance(t.board, str) and t.board != AUTO):
        try:
            boards[name] = find_board(name)
        except UserError as error:
            problems |= dict.fromkeys(error.problems)
    if problems:
        raise UserError(list(problems))
    return [replace(t, board=boards.get(t.board, t.board)) if isinstance(t.board, str) else t for t in found]
