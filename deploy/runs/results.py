"""run.json but for what is measured outside the run: metrics, and every count as a mean per image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.data.dataset import Dataset
from convert.data.evaluate import score
from convert.network import Network
from deploy.targets.registry import EVENTS, TARGETS, Job

from . import early_exit as early
from .checkpoint import ImageResult, summed
from .readout import last_arrival_step

STEADY = 0.1
"""A layer's rate has settled within this share of its later mean."""


def summary(
    job: Job,
    target: str,
    dataset: Dataset,
    results: Sequence[ImageResult],
    outputs: NDArray[np.float32],
    ann_metrics: dict[str, float],
    early_threshold: float | None = None,
) -> dict[str, Any]:
    """The summary of ``results``, one per image; ``outputs`` has shape (windows, images, ...)."""
    network, indices = job.network, range(len(dataset))
    checkpoints = [stop for _, stop in job.windows]
    metrics = [score(dataset, list(o), indices) for o in outputs]
    until = np.stack([r.until for r in results])  # (images, checkpoints, layers, EVENTS) or (images, 0)

    def counts(images: NDArray[np.int64], at: NDArray[np.int64]) -> dict[str, Any]:
        return counts_until(network, list(results[0].layers), until[images, at]) if until.size else {}

    by_timestep = [
        {"timesteps": t, **m, **counts(np.arange(len(dataset)), np.full(len(dataset), k))}
        for k, (t, m) in enumerate(zip(checkpoints, metrics, strict=True))
    ]
    layers = [_layer_row(network, name, results) for name in results[0].layers]
    if until.size:
        spikes = until[..., 0].sum(axis=0).T
        layers = [{**row, "settled_step": settled_step(checkpoints, s)} for row, s in zip(layers, spikes, strict=True)]
    chip = [row for row in layers if network.population(row["name"]).on_chip]
    host = [row for row in layers if not network.population(row["name"]).on_chip]
    return {
        "target": target,
        "target_note": TARGETS[target].note,
        "exact": TARGETS[target].exact,
        "images": len(dataset),
        "crops_per_image": results[0].crops,
        "timesteps": network.timesteps,
        "continuous": job.continuous,
        "windows": [list(window) for window in job.windows],
        "metrics": {
            "ann": ann_metrics,
            "snn": metrics[-1],
            "by_timestep": by_timestep,
        },
        "early": None if job.continuous else early_stops(job, dataset, outputs, counts, early_threshold),
        **{key: _total(chip, key) for key in ("spikes", "synops", "neuron_updates", "interchip_messages", "messages")},
        "host_messages": _total(host, "messages"),
        "host_spikes": _total(host, "spikes"),
        "overflows": _total(chip, "overflows"),
        "layers": layers,
    }


def _layer_row(network: Network, name: str, results: Sequence[ImageResult]) -> dict[str, Any]:
    population = network.population(name)
    totals = summed([r.layers[name] for r in results])
    crops = sum(r.crops for r in results)
    means = {k: None if v is None else v / len(results) for k, v in asdict(totals).items()}
    seconds = crops * network.timesteps * network.dt_s
    return {
        "name": name,
        "kind": population.source_layer,
        "on_chip": population.on_chip,
        **means,
        "rate_hz": totals.spikes / (population.neurons * seconds),
    }


def counts_until(network: Network, names: Sequence[str], events: NDArray[np.int64]) -> dict[str, Any]:
    """Means per image of ``events``, shape (images, layers, EVENTS), as run.json has them, and the layers' synops."""
    totals, images = events.sum(axis=0), len(events)
    on_chip = np.array([network.population(name).on_chip for name in names])
    synops, messages = totals[:, EVENTS.index("synops")], totals[:, EVENTS.index("messages")]
    return {
        **{event: float(n / images) for event, n in zip(EVENTS, totals[on_chip].sum(axis=0), strict=True)},
        "host_messages": float(messages[~on_chip].sum() / images),
        "layer_synops": {name: float(synops[i] / images) for i, name in enumerate(names) if on_chip[i]},
    }


def settled_step(checkpoints: Sequence[int], spikes: NDArray[np.int64]) -> int | None:
    """The checkpoint after which the rate stays within ``STEADY`` of its mean over the second half of the steps.

    ``spikes`` are those before each checkpoint. None if there are none, or if it never does.
    """
    steps = np.append(0, checkpoints)
    rates = np.diff(spikes, prepend=0) / np.diff(steps)
    half = np.searchsorted(steps, steps[-1] / 2)
    reference = (spikes[-1] - np.append(0, spikes)[half]) / (steps[-1] - steps[half])
    off = np.flatnonzero(np.abs(rates - reference) > STEADY * reference)
    last = off[-1] + 1 if len(off) else 0
    return int(steps[last]) if reference > 0 and last < len(rates) else None


def early_stops(
    job: Job, dataset: Dataset, outputs: NDArray[np.float32], counts: early.Counts, threshold: float | None
) -> dict[str, Any]:
    """What stopping settled images early brings: the curve, and one threshold on images that did not choose it."""
    task, activation = dataset.task, job.network.readouts[0].activation
    seen = early.Observed(
        np.array([stop for _, stop in job.windows]),
        early.METRIC[task],
        early.settled(task, activation, outputs, job.windows, last_arrival_step(job.network)),
        early.correct(dataset, outputs),
        counts,
    )
    return {
        "rule": early.RULES[task],
        "metric": seen.metric,
        "curve": early.curve(seen, seen.images),
        "held_out": early.held_out(seen, threshold),
    }


def _total(rows: list[dict[str, Any]], key: str) -> float | None:
    values = [row[key] for row in rows]
    return None if None in values else sum(values)
