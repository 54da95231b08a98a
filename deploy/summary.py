"""run.json but for what is measured outside the run: metrics, and every count as a mean per image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.data import Dataset
from convert.evaluate import score
from convert.network import ConvertedNetwork

from .parts import ImageResult, summed
from .targets import TARGETS, Job


def summary(
    job: Job,
    target: str,
    dataset: Dataset,
    results: Sequence[ImageResult],
    outputs: NDArray[np.float32],
    ann_metrics: dict[str, float],
) -> dict[str, Any]:
    """The summary of ``results``, one per image; ``outputs`` has shape (windows, images, ...)."""
    network, indices = job.network, range(len(dataset))
    checkpoints = [stop for _, stop in job.windows]
    by_timestep = [
        {"timesteps": t, **score(dataset, list(o), indices)} for t, o in zip(checkpoints, outputs, strict=True)
    ]
    layers = [_layer_row(network, name, results) for name in results[0].layers]
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
            "snn": {k: v for k, v in by_timestep[-1].items() if k != "timesteps"},
            "by_timestep": by_timestep,
        },
        **{key: _total(chip, key) for key in ("spikes", "synops", "neuron_updates", "interchip_messages", "messages")},
        "host_messages": _total(host, "messages"),
        "host_spikes": _total(host, "spikes"),
        "overflows": _total(chip, "overflows"),
        "layers": layers,
    }


def _layer_row(network: ConvertedNetwork, name: str, results: Sequence[ImageResult]) -> dict[str, Any]:
    population = network.population(name)
    totals = summed([r.layers[name] for r in results])
    crops = sum(r.crops for r in results)
    means = {k: None if v is None else v / len(results) for k, v in asdict(totals).items()}
    seconds = crops * network.timesteps * network.dt_s
    return {
        "name": name,
        "kind": population.kind,
        "on_chip": population.on_chip,
        **means,
        "rate_hz": totals.spikes / (population.neurons * seconds),
    }


def _total(rows: list[dict[str, Any]], key: str) -> float | None:
    values = [row[key] for row in rows]
    return None if None in values else sum(values)
