"""Side by side: a Keras CNN on Loihi by stock NengoDL and NengoLoihi, as their recipe says, and by the commands here.

Run with ``python -m benchmarks.accuracy.stock CIFAR10`` from the repository; CIFAR10 has train/CLASS/ and test/CLASS/.
Stock's settings are swept on training images; what is reported is accuracy on test images after equal numbers of steps,
every image from a fresh state, on the chip's integers. Started again, it makes only what is missing: delete the file
whose name ends in _ours to measure the commands here again.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

import convert
import deploy
import partition
from benchmarks.emulator.record import Record, options_of, table

from .stock_models import archived, trained
from .stock_nengo import READOUTS, Recipe, StockChip, classes, scales

RESULTS = Path(__file__).parent / "results"
MODELS = {"plain": False, "for Loihi": True}
"""Trained as anyone would; and on Loihi's rates, which are held in a range, as in NengoLoihi's CIFAR-10 example."""
DEFAULTS = {"plain": Recipe("scale 400, 5 ms", 400.0, 0.005), "for Loihi": Recipe("scale 150, 10 ms", 150.0, 0.010)}
"""The settings with which the two examples of NengoLoihi run on the chip."""
SCALES: dict[str, list[tuple[str, float | None, float | None]]] = {
    "plain": [
        ("scale 100", 100.0, None),
        ("scale 400", 400.0, None),
        ("layers at 50 Hz", None, 50.0),
        ("layers at 100 Hz", None, 100.0),
        ("layers at 200 Hz", None, 200.0),
    ],
    "for Loihi": [("scale 150", 150.0, None), ("scale 300", 300.0, None)],
}
SYNAPSES_S = (None, 0.005, 0.010)
Images = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Files:
    """What is kept between runs."""

    train: Path
    test: Path
    model: Path
    bundle: Path


def recipes(kind: str) -> list[Recipe]:
    """All settings of the sweep: the numbers that the examples name, and half of their lowest rate."""
    return [
        Recipe(f"{name}, {'no synapse' if synapse is None else f'{1000 * synapse:.0f} ms'}", scale, synapse, mean_hz)
        for (name, scale, mean_hz), synapse in product(SCALES[kind], SYNAPSES_S)
    ]


def stock(
    model: Any, recipe: Recipe, train: Images, test: Images, steps: Sequence[int], *, fresh: bool = True
) -> dict[str, Any]:
    """Accuracy of each readout and spikes per image after each number of ``steps``, and seconds per image."""
    x, y = test
    chip = StockChip(model, scales(model, recipe, train[0][:100]), recipe.synapse_s, x, steps[-1])
    right = {readout: np.zeros(len(steps)) for readout in READOUTS}
    spikes = {"chip": np.zeros(len(steps)), "host": np.zeros(len(steps))}
    start = time.perf_counter()
    for label in y:
        shown = chip.next_image(fresh=fresh)
        for k, stop in enumerate(steps):
            for readout, found in classes(shown.outputs, stop).items():
                right[readout][k] += found == label
            spikes["chip"][k] += shown.chip[:stop].sum()
            spikes["host"][k] += shown.host[:stop].sum()
    took = time.perf_counter() - start
    chip.sim.close()
    return {
        "accuracy": {readout: (count / len(y)).tolist() for readout, count in right.items()},
        "spikes": {where: (count / len(y)).tolist() for where, count in spikes.items()},
        "s_per_image": took / len(y),
        "cores": chip.cores,
    }


def as_it_is(model: Any, recipe: Recipe, train: Images, x: np.ndarray, steps: int) -> dict[str, Any]:
    """A few images in ``nengo_loihi.Simulator`` one after another: its time, and whether the emulator agrees."""
    made = [StockChip(model, scales(model, recipe, train[0][:100]), recipe.synapse_s, x, steps) for _ in range(2)]
    outputs, spikes, took = made[0].present(len(x))
    shown = [made[1].next_image(fresh=False) for _ in x]
    found, late = np.concatenate([one.outputs for one in shown]), made[0].delay
    for chip in made:
        chip.sim.close()
    return {
        "s_per_image": took / len(x),
        "build_s": made[0].build_s,
        "spikes": spikes.tolist(),
        "same_spikes": spikes.tolist() == [int(one.chip.sum()) for one in shown],
        "largest_output": float(np.abs(found).max()),
        "largest_difference": float(np.abs(outputs.reshape(found.shape)[late:] - found[:-late]).max()),
    }


def bundled(files: Files, seed: int) -> dict[str, Any]:
    """convert-model and partition-model with their defaults: seconds of both, and cores."""
    start = time.perf_counter()
    convert.convert(files.model, files.train, files.bundle, force=files.bundle.exists())
    converted = time.perf_counter()
    found = partition.partition(convert.load_network(files.bundle), convert.load_rates(files.bundle), seed=seed)
    found.save(files.bundle)
    return {"convert_s": converted - start, "partition_s": time.perf_counter() - converted, "cores": len(found.blocks)}


def ours(files: Files, steps: int, *, continuous: bool = False) -> dict[str, Any]:
    """deploy-model on all of the test images with ``steps`` time steps."""
    options = deploy.RunOptions(timesteps=steps, threads=1, continuous=continuous, measure=False)
    run = deploy.run(files.bundle, files.test, options, force=True)
    return {
        "accuracy": run.metrics.snn["accuracy"],
        "spikes": {"chip": run.spikes, "host": run.host_spikes},
        "s_per_image": run.seconds_per_image,
    }


def best(swept: dict[str, dict[str, Any]], k: int) -> tuple[str, str]:
    """The recipe and the readout of the highest accuracy after the ``k``-th number of steps."""
    return max(
        ((name, readout) for name in swept for readout in READOUTS),
        key=lambda pair: swept[pair[0]]["accuracy"][pair[1]][k],
    )


def measured(kind: str, files: Files, options: Any, record: Record, own: Record) -> dict[str, Any]:
    """Everything about one model, in ``record`` and (ours) in ``own``: what is missing is measured."""
    steps, seed = options.steps, options.seed
    train = archived(options.cifar10 / "train", files.train, None, seed)
    test = archived(options.cifar10 / "test", files.test, options.images, seed)
    tuning = train[0][-options.tuning :], train[1][-options.tuning :]
    model = trained(files.model, train, for_loihi=MODELS[kind], epochs=options.epochs, seed=seed)
    one_by_one = [steps[len(steps) // 2]]

    def kept(what: str, measure: Callable[[], Any], to: Record = record) -> Any:
        return to.measured(f"{kind}: {what}", measure)

    def runs(what: str, names: Iterable[str], images: Images, to: Sequence[int], *, fresh: bool = True) -> Any:
        return {
            name: kept(
                f"stock{what}, {name}", lambda name=name: stock(model, sweep[name], train, images, to, fresh=fresh)
            )
            for name in names
        }

    sweep = {recipe.name: recipe for recipe in [*recipes(kind), DEFAULTS[kind]]}
    keras = kept("Keras", lambda: float((model.predict(test[0], verbose=0).argmax(axis=1) == test[1]).mean()))
    bundle = kept("convert and partition", lambda: bundled(files, seed), own)
    here = [kept(f"{n} steps", lambda n=n: ours(files, n), own) for n in steps]
    carried = kept("state carried over", lambda: ours(files, one_by_one[0], continuous=True), own)
    swept = runs(", sweep", sweep, tuning, steps)
    chosen = [best(swept, k) for k in range(len(steps))]
    names = list(dict.fromkeys([DEFAULTS[kind].name, *(name for name, _ in chosen)]))
    return {
        "keras": keras,
        "bundle": bundle,
        "ours": here,
        "ours carried over": carried,
        "swept": swept,
        "chosen": chosen,
        "stock": runs("", names, test, steps),
        "stock carried over": runs(", state carried over", names[:1], test, one_by_one, fresh=False),
        "nengo_loihi": {
            n: kept(
                f"nengo_loihi, {n}", lambda n=n: as_it_is(model, sweep[n], train, test[0][: options.real], steps[-1])
            )
            for n in names
        },
    }


def rows_of(kind: str, found: dict[str, Any], steps: Sequence[int]) -> list[list[str]]:
    """The rows of the table for one model."""

    def row(what: str, accuracy: Sequence[float], *rest: str) -> list[str]:
        return [kind, what, *(f"{a:.3f}" for a in accuracy), *rest, *[""] * (3 - len(rest))]

    def spikes(run: dict[str, Any]) -> list[str]:
        return [f"{np.ravel(run['spikes'][where])[-1] / 1e3:.1f} k" for where in ("chip", "host")]

    here = found["ours"]
    rows = [
        row("Keras", [found["keras"]] * len(steps)),
        row("ours", [run["accuracy"] for run in here], *spikes(here[-1]), f"{here[-1]['s_per_image']:.3f}"),
    ]
    for name, run in found["stock"].items():
        for readout in READOUTS:
            rows.append(
                row(
                    f"stock, {name}, {readout}",
                    run["accuracy"][readout],
                    *spikes(run),
                    f"{found['nengo_loihi'][name]['s_per_image']:.1f}",
                )
            )
    picked = [found["stock"][name]["accuracy"][readout][k] for k, (name, readout) in enumerate(found["chosen"])]
    return [*rows, row("stock, chosen for each number of steps", picked)]


def notes(kind: str, found: dict[str, Any], options: Any) -> str:
    """What the table does not say."""
    real, steps = found["nengo_loihi"], options.steps[len(options.steps) // 2]
    same = all(check["same_spikes"] and check["largest_difference"] < 1e-6 for check in real.values())
    ((name, carried),) = found["stock carried over"].items()
    shares = ", ".join(f"{readout} {share[0]:.3f}" for readout, share in carried["accuracy"].items())
    return "\n".join(
        [
            f"{kind}: the emulator {'agrees' if same else 'DIFFERS'} with nengo_loihi.Simulator in {len(real)} runs of "
            f"{options.real} images",
            f"{kind}: cores: stock {found['stock'][name]['cores']}, ours {found['bundle']['cores']}",
            f"{kind}: state carried over from image to image, {steps} steps: "
            f"ours {found['ours carried over']['accuracy']:.3f}; stock, {name}: {shares}",
        ]
    )


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cifar10", type=Path, help="folder with train/CLASS/ and test/CLASS/")
    parser.add_argument("--work", type=Path, default=Path("build/accuracy"), help="for models, bundles and images")
    parser.add_argument("--images", type=int, default=250, help="test images")
    parser.add_argument("--tuning", type=int, default=40, help="training images for the sweep of stock's settings")
    parser.add_argument("--real", type=int, default=1, help="images in nengo_loihi.Simulator itself")
    parser.add_argument("--steps", type=int, nargs="+", default=[32, 64, 100, 128, 200])
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    options, record = options_of(parser, arguments, RESULTS / "stock.json")
    own = Record(options.out.with_stem(f"{options.out.stem}_ours"), record.content["options"])
    rows, remarks = [], []
    for kind in MODELS:
        stem = options.work / f"{kind.replace(' ', '_').lower()}_{options.epochs}_{options.seed}"
        files = Files(
            options.work / "train.npz",
            options.work / f"test{options.images}.npz",
            stem.with_suffix(".keras"),
            stem.with_suffix(".bundle"),
        )
        found = measured(kind, files, options, record, own)
        rows += rows_of(kind, found, options.steps)
        remarks.append(notes(kind, found, options))
    last = options.steps[-1]
    print(
        table(
            [
                "model",
                "accuracy after",
                *(f"{n} steps" for n in options.steps),
                f"spikes, chip, {last} steps",
                f"spikes, host, {last} steps",
                f"s / image, {last} steps",
            ],
            rows,
        )
    )
    print("\n".join(remarks))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
