"""Neurons computed twice: what they spare between chips and what they cost, with each part of the search and without.

    python -m benchmarks.partition.copies --unet BUNDLE TEST --resnet BUNDLE TEST [--relayed BUNDLE]
                                          [--images 8] [--seconds 300] [--plot FILE.svg]

Planned with the rates of calibration. Messages are counted on test images by the exact emulation and must be those
that the rates of this run foretell; without the copies every spike must be the same. The U-Net for four times the
pixels is not emulated: its messages are foretold from rates of test images. Joules are those of SANA-FE's constants
for all steps. Placers on tiles chosen by hand are given as many chips as ours may use, or as many as they need. The
bundle --relayed is the U-Net converted with --relay, set beside the placers of the U-Net without. Results go to
results/copies.json as they come.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from benchmarks.emulator.record import Record, table
from convert.network import Network
from deploy.emulator import compile_network, drives_hz, run
from deploy.emulator.results import Presentation
from deploy.energy.counts import Counts
from deploy.energy.devices import SANA_FE
from deploy.energy.estimate import loihi_estimate
from deploy.runs.report import BusiestCores, PipelineEvents
from partition.copies.traffic import copied_traffic
from partition.geometry.links import links_onto_chip
from partition.hardware import LOIHI, chips_for
from partition.place import PLACERS
from partition.result import Partition
from partition.search import partition
from partition.tiles import tile_search
from partition.tiles.feasible import feasible_tiles_of_layers
from partition.tiles.hand_tiles import hand_tiles
from partition.tiles.layouts import layouts

from .compare import NAMES, RESULTS, Plan, on
from .subjects import Rates, Subject, doubled, fired, inputs, of_bundle

BY_HAND = ("greedy_interchip", "metis", "kahypar")


@dataclass(frozen=True)
class Case:
    """One search: the most chips, the cores kept for copies on each, and whether layers may have chips of their own."""

    chips: int
    kept: int
    groups: bool = True

    @property
    def searched(self) -> AbstractContextManager[Any]:
        return nullcontext() if self.groups else patch.object(tile_search, "layouts", _one_group)

    @property
    def name(self) -> str:
        layout = "" if self.groups else ", every chip a region of all layers"
        return f"<= {self.chips} chips, {self.kept} cores kept{layout}"


def _one_group(*arguments: Any) -> list[Any]:
    return [layout for layout in layouts(*arguments) if len(layout) == 1]


CASES: Mapping[str, Sequence[Case]] = {
    "ResNet-20": [Case(2, kept) for kept in (0, 4, 6, 8, 12, 34)],
    "U-Net": [
        Case(19, 0),
        Case(17, 14),
        Case(19, 16),
        Case(19, 20),
        Case(19, 24),
        Case(19, 0, groups=False),
        Case(19, 16, groups=False),
    ],
    "U-Net, relays": [Case(17, 10), Case(17, 0)],
    "U-Net, 256 x 256": [Case(75, 20), Case(75, 16), Case(75, 0)],
}


@dataclass(frozen=True)
class Counted:
    """What a partition does on test images: means of one image, messages of a step; a digest of all spikes.

    ``foretold`` are the messages between chips that follow from the rates of these images.
    """

    interchip: float
    foretold: float
    host: float
    spikes: float
    synops: float
    updates: float
    joules: float
    digest: str


def counted(network: Network, found: Partition, images: np.ndarray) -> Counted:
    """``images``, shape (images, rows, columns, channels), through the emulator on the cores of ``found``."""
    program = compile_network(network, found)
    names = [layer.name for layer in program.layers]
    digest = sha256()
    rates_hz = {p.name: np.zeros(p.shape) for p in network.populations}
    counts, joules, host = np.zeros(4), 0.0, 0.0
    hosts = {p.name for p in network.populations if not p.on_chip}
    for result in run(program, drives_hz(network, images), record=names):
        for name in names:
            raster = result.spikes[name].raster(program.layer(name))
            digest.update(raster.tobytes())
            spikes = raster.sum(axis=0).reshape(rates_hz[name].shape)
            rates_hz[name] += spikes / (len(images) * network.timesteps * network.dt_s)
        events = result.counts
        host += sum(events[name].messages for name in hosts)
        counts += [
            sum(c.interchip for name, c in events.items() if name not in hosts),
            sum(c.spikes for c in events.values()),
            sum(c.synops for c in events.values()),
            sum(c.neuron_updates for c in events.values()),
        ]
        joules += _joules(network, found, result)
    interchip, spikes, synops, updates = counts / len(images)
    steps = network.timesteps
    return Counted(
        interchip / steps,
        foretold(network, found, rates_hz),
        host / len(images) / steps,
        spikes,
        synops,
        updates,
        joules / len(images),
        digest.hexdigest()[:12],
    )


def foretold(network: Network, found: Partition, rates_hz: Rates) -> float:
    """Messages between chips in a step if neurons fire at these rates."""
    wiring = found.wiring(network)
    return copied_traffic(wiring, links_onto_chip(network), rates_hz).graph.interchip(wiring.chip_of)


def _joules(network: Network, found: Partition, result: Presentation) -> float:
    events = result.counts.values()
    assert result.busiest is not None
    longer, shorter = (PipelineEvents(**dict(zip(FIELDS, row, strict=True))) for row in result.busiest[-1].tolist())
    counts = Counts(
        timesteps=network.timesteps,
        synops=sum(c.synops for c in events),
        neuron_updates=sum(c.neuron_updates for c in events),
        spikes=sum(c.spikes for c in events),
        messages=sum(c.messages for c in events),
        conv_synops=sum(c.conv_synops for c in events),
        chips=found.chips,
        busiest=BusiestCores(longer=longer, shorter=shorter, images=1),
    )
    return loihi_estimate(SANA_FE, counts).joules_per_inference.total or 0.0


FIELDS = ("neuron_updates", "spikes", "messages_out", "messages_in", "synops", "conv_synops")


def measured(subject: Subject, case: Case, seconds: float, images: np.ndarray | None) -> dict[str, Any]:
    """The partition that ``case`` finds, and what it sends if neurons fire as they did on the test images."""
    with case.searched:
        found = partition(
            subject.network,
            subject.planned_hz,
            board="pohoiki-springs",
            chips=case.chips,
            copies=case.kept,
            seconds=seconds,
        )
    assert found.report.timings
    result = {
        "chips": found.chips,
        "cores": len(found.on_cores),
        "copies": len(found.copies),
        "planned": found.report.messages_per_step.interchip,
        "interchip": foretold(subject.network, found, subject.counted_hz),
        "s": found.report.timings.seconds,
        "cut_short": found.report.timings.cut_short,
    }
    if images is not None:
        seen = counted(subject.network, found, images)
        assert np.isclose(seen.interchip, seen.foretold, rtol=1e-9), (seen.interchip, seen.foretold)
        assert seen.digest == counted(subject.network, replace(found, copies=()), images).digest, "copies change spikes"
        result |= asdict(seen)
    return result


def by_hand(subject: Subject, chips: int) -> dict[str, Any]:
    """Messages between chips of the usual placers on hand tiles, as the test images fire."""
    links = links_onto_chip(subject.network)
    feasible = feasible_tiles_of_layers(subject.network.chip_populations, links, LOIHI)
    plan = Plan(subject, links, hand_tiles(subject.network.chip_populations, links, feasible, LOIHI))
    wide = on(max(chips, chips_for(plan.planned.blocks, LOIHI)))
    return {name: plan.interchip(PLACERS[name](plan.planned, wide, seed=0)) for name in BY_HAND}


FEWER = "fewer than " + ", ".join(NAMES[name] for name in BY_HAND)
HEADER = ["", "chips, cores", "of these copies", "planned", "counted", FEWER, "from the host", "synops, M",
          "updates, M", "joules", "spikes", "s"]  # fmt: skip


def line(case: Case, seen: Mapping[str, Any], hand: Mapping[str, Any]) -> list[str]:
    own = [
        case.name,
        f"{seen['chips']}, {seen['cores']:,}",
        f"{seen['copies']:,}",
        f"{seen['planned']:,.0f}",
        f"{seen['interchip']:,.0f}",
        ", ".join(f"{hand[name]['interchip'] / seen['interchip']:.1f}" for name in BY_HAND),
    ]
    took = f"{seen['s']:.0f}{' (cut short)' if seen['cut_short'] else ''}"
    if "digest" not in seen:
        return [*own, *["not emulated"] * 5, took]
    return [
        *own,
        f"{seen['host']:,.0f}",
        f"{seen['synops'] / 1e6:.1f}",
        f"{seen['updates'] / 1e6:.2f}",
        f"{seen['joules']:.4g}",
        seen["digest"],
        took,
    ]


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--unet", "--resnet"):
        parser.add_argument(name, nargs=2, type=Path, metavar=("BUNDLE", "TEST"), required=True)
    parser.add_argument("--relayed", type=Path, metavar="BUNDLE")
    parser.add_argument("--images", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--out", type=Path, default=RESULTS / "copies.json")
    parser.add_argument("--plot", type=Path, help="an SVG of cores and messages between chips")
    options = parser.parse_args(arguments)
    record = Record(options.out, {"images": options.images, "seconds": options.seconds})

    images = options.images
    resnet = of_bundle("ResNet-20", *options.resnet, images=images)
    compare(resnet, _inputs(resnet, *options.resnet, images=images), options.seconds, record)
    unet = of_bundle("U-Net", *options.unet, images=images)
    compare(unet, _inputs(unet, *options.unet, images=images), options.seconds, record)
    if options.relayed:
        given = options.relayed, options.unet[1]
        relayed = of_bundle("U-Net, relays", *given, images=images)
        compare(relayed, _inputs(relayed, *given, images=images), options.seconds, record, beside=unet)
    compare(doubled(unet, fired(unet.network, *options.unet, images=4)), None, options.seconds, record)
    if options.plot:
        plot(record.content["measured"], options.plot)


def plot(measured: Mapping[str, Any], path: Path) -> None:
    """Cores used and messages between chips, a panel for each network measured; numbers are those of copies."""
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    shown = {name: cases for name, cases in CASES.items() if f"{name}, by hand" in measured}
    figure = Figure(figsize=(4.2 * len(shown), 3.4), layout="constrained")
    FigureCanvasSVG(figure)
    for axes, (subject, cases) in zip(np.ravel(figure.subplots(1, len(shown))), shown.items(), strict=True):
        for groups, mark in ((True, "o"), (False, "x")):
            rows = [measured.get(f"{subject}, {case.name}") for case in cases if case.groups == groups]
            found = [row for row in rows if row]
            name = "ours" if groups else "ours, every chip a region of all layers"
            axes.plot([row["cores"] for row in found], [row["interchip"] for row in found], mark, label=name)
            for row in found:
                place = row["cores"], row["interchip"]
                axes.annotate(f"{row['copies']}", place, textcoords="offset points", xytext=(5, 3), fontsize=6)
        for name, mark in zip(BY_HAND, "s^v", strict=True):
            hand = measured[f"{subject}, by hand"][name]
            axes.plot(hand["cores"], hand["interchip"], mark, label=NAMES[name])
        axes.set_yscale("log")
        axes.set_title(f"{subject} (numbers: copies)", fontsize=8)
        axes.set_xlabel("cores", fontsize=7)
        axes.tick_params(which="both", labelsize=6)
    figure.axes[0].set_ylabel("messages between chips per step, counted", fontsize=7)
    figure.axes[-1].legend(fontsize=6)
    with matplotlib.rc_context({"svg.hashsalt": "copies"}):
        figure.savefig(path, format="svg", metadata={"Date": None})


def _inputs(subject: Subject, bundle: Path, test: Path, images: int) -> np.ndarray:
    return inputs(subject.network, bundle, test, images)


def compare(
    subject: Subject, images: np.ndarray | None, seconds: float, record: Record, beside: Subject | None = None
) -> None:
    """Measures and prints all cases of one subject, on ``images`` if it can be emulated, and the placers of ``beside``,
    of itself without."""
    rows, given = [], beside or subject
    most = max(case.chips for case in CASES[given.name])
    hand = record.measured(f"{given.name}, by hand", lambda: by_hand(given, most))
    for case in CASES[subject.name]:
        seen = record.measured(f"{subject.name}, {case.name}", partial(measured, subject, case, seconds, images))
        rows.append(line(case, seen, hand))
    placed = ", ".join(
        f"{NAMES[name]} {hand[name]['interchip']:,.0f} ({hand[name]['chips']} chips)" for name in BY_HAND
    )
    print(f"\n{subject.name}: {placed}\n")
    print(table(HEADER, rows), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
