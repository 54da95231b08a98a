"""Recipes of training a wave, one beside the other: the same start, data and number of batches.

    python -m benchmarks.few_spikes.ablation resnet20_cifar10.keras CIFAR10/train CIFAR10/test [--batches N]

Each row is written as soon as it is there, and not measured again; a training that was killed goes on. Accuracies are
in training's rules, which are the emulator's spike for spike (tests/convert/training/test_wave_pass.py), and beside
them without rounding. ``--table`` prints what is there as Markdown and draws docs/few-spikes.svg.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from tempfile import gettempdir

import numpy as np

from convert.data.dataset import Dataset, open_data
from convert.options import SurrogateName
from convert.training.recipes import RECIPES
from convert.training.recipes.stbp import stbp
from convert.training.recipes.surrogates import SURROGATES
from convert.training.recipes.tdbn import drive_spreads, tdbn_wave
from convert.training.wave.aim import Goals, RateBounds
from convert.training.wave.batch import fan_out, read_out
from convert.training.wave.event_engine import AT_ONCE, passes
from convert.training.wave.kernels import Surrogate
from convert.training.wave.layers import wave_layers
from convert.training.wave.numbers import Numbers, on_chip, unrounded
from convert.training.wave.recipe import Recipe
from convert.training.wave.schedule import Wave, starting_wave
from convert.training.wave.training import BATCH, train_wave

from .front import draw, table
from .rows import Row, read_points, read_rows, write_rows
from .starting import Start

RESULTS = Path(__file__).with_name("results") / "ablation.json"
EXACT = RESULTS.with_name("exact.json")
CALIBRATION_IMAGES = 128


@dataclass(frozen=True)
class Trial:
    """A row to be measured: a recipe, from the number of batches, and where it starts."""

    name: str
    steps: int
    recipe: Callable[[int], Recipe]
    start: Callable[[Start, int], Wave] = field(default=lambda start, steps: _usual(start, steps))

    @property
    def key(self) -> tuple[str, int]:
        return self.name, self.steps


def _usual(start: Start, steps: int) -> Wave:
    return starting_wave(start.network, steps, start.rates.targets_hz)


def _spread(start: Start, steps: int) -> Wave:
    return tdbn_wave(start.network, steps, drive_spreads(start.original, start.images))


def _stbp(count: int, *, surrogate: SurrogateName = "triangle", goals: Goals | None = None) -> Recipe:
    return stbp(count, goals or Goals(), SURROGATES[surrogate])


def _plain(make: Callable[[int, Goals, Surrogate], Recipe], count: int) -> Recipe:
    return make(count, Goals(), SURROGATES["triangle"])


TRIALS = (
    *(Trial(n, 8, partial(_plain, make)) for n, make in RECIPES.items()),
    Trial("stbp, tdBN's spread", 8, _stbp, _spread),
    Trial("stbp", 4, _stbp),
    Trial("stbp", 16, _stbp),
    Trial("stbp, averaged", 8, lambda count: replace(stbp(count, Goals()), averaged=0.1)),
    Trial("stbp, rectangle", 8, partial(_stbp, surrogate="rectangle")),
    Trial("stbp, arctan", 8, partial(_stbp, surrogate="arctan")),
    Trial("stbp, rate loss .01", 8, partial(_stbp, goals=Goals(rates=RateBounds(0.01)))),
    Trial("stbp, penalty .01", 8, partial(_stbp, goals=Goals(penalty=0.01))),
    Trial("stbp, without labels", 8, partial(_stbp, goals=Goals(of_labels=None))),
    Trial("stbp, no layers alone", 8, partial(stbp, goals=Goals(), alone=0.0)),
)


class _Clock:
    """The processor time of a training, also of one that was killed: what is done twice after that counts twice."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.seconds = float(path.read_text()) if path.exists() else 0.0
        self.last_s = time.process_time()

    def advance(self, batches: int) -> None:
        now_s = time.process_time()
        self.seconds, self.last_s = self.seconds + now_s - self.last_s, now_s
        self.path.write_text(str(self.seconds))


def measured(trial: Trial, start: Start, test: Dataset, batches: int, images: int) -> Row:
    """The row of ``trial``, trained on so many ``batches``."""
    wave, recipe = trial.start(start, trial.steps), trial.recipe(batches)
    kept = Path(gettempdir()) / "few_spikes_ablation" / f"{trial.name} {trial.steps} {batches}".replace(" ", "_")
    kept.mkdir(parents=True, exist_ok=True)
    clock = _Clock(kept / "cpu_seconds")
    trained = train_wave(wave, start.batches, start.original, recipe, kept=kept, advance=clock.advance)
    accuracy, counts = _score(trained, test, images, on_chip)
    unrounded_accuracy, _ = _score(trained, test, images, unrounded)
    in_all = max(busy.stop for busy in trained.busy.values())
    return Row(
        trial.name,
        trial.steps,
        in_all,
        batches * BATCH,
        clock.seconds / 60,
        images,
        accuracy,
        unrounded_accuracy,
        *counts,
    )


def _score(wave: Wave, test: Dataset, images: int, numbers: Numbers) -> tuple[float, tuple[float, float, float]]:
    """The accuracy on the first ``images`` of ``test``, in a random order; spikes, the host's and operations of one."""
    layers = wave_layers(wave, {}, numbers)
    network = wave.network
    reached = {p.name: fan_out(network, p.name) for p in network.populations}
    chosen = np.random.default_rng(1).permutation(len(test))[:images]
    right, spikes, host = 0, 0, 0
    synops = float(images * sum(p.neurons for p in network.chip_populations) * (wave.steps + 1))
    for first in range(0, images, AT_ONCE):
        some = chosen[first : first + AT_ONCE]
        passed = passes(wave, layers, np.stack([test.image(int(i)) for i in some]).astype(np.float32))
        _, outputs = read_out(wave, layers, passed)
        right += int(np.sum(outputs.reshape(len(some), -1).argmax(axis=1) == [test.label(int(i)) for i in some]))
        for one in passed:
            for p in network.populations:
                fired = one.fired[p.name].neurons
                spikes, host = spikes + p.on_chip * fired.size, host + (not p.on_chip) * fired.size
                synops += float(reached[p.name][fired].sum(dtype=np.float64))
    return right / images, (spikes / images, host / images, synops / images)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model", type=Path, nargs="?")
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("test", type=Path, nargs="?")
    parser.add_argument("--batches", type=int, default=300)
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--table", action="store_true")
    given = parser.parse_args()
    rows = read_rows(given.out)
    if given.table:
        print(table(rows))
        draw(rows, read_points(EXACT), Path("docs/few-spikes.svg"))
        return
    start = Start.read(given.model, given.data, CALIBRATION_IMAGES)
    shapes = {"input_shape": start.network.input.shape, "target_shape": start.network.readouts[0].output_shape}
    test = open_data(given.test, **shapes)
    for trial in TRIALS:
        if any((row.name, row.steps, row.trained_on) == (*trial.key, given.batches * BATCH) for row in rows):
            continue
        rows.append(measured(trial, start, test, given.batches, given.images))
        write_rows(given.out, rows)
        print(rows[-1], flush=True)


if __name__ == "__main__":
    main()
