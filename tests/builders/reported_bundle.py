"""A made-up bundle with runs, as the commands write them: what the reports of the tests are about."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

ERRORS = {"ann": 0.00123, "snn": 0.00345, "by_timestep": (0.09, 0.012, 0.004, 0.0036, 0.00345)}
LAYERS = ("conv1", "conv2", "down1", "conv3", "up1", "conv4")
MEASURED = [
    {
        "name": "this CPU, batch 1",
        "kind": "processor",
        "measured": True,
        "joules_per_inference": {"total": 0.42, "static": 0.3, "dynamic": 0.12},
        "seconds_per_inference": 0.031,
        "source": "RAPL, processor packages",
        "assumptions": ["idle power was read before"],
        "macs": 85_000_000,
        "time_measured": True,
        "batch": 1,
    },
    {
        "name": "this CPU, LiteRT int8, batch 8, 2 threads",
        "kind": "processor",
        "measured": False,
        "joules_per_inference": {"total": 0.0875, "static": None, "dynamic": None},
        "seconds_per_inference": 0.012,
        "source": "CPU time here x 4.38 W",
        "assumptions": ["energy: 4.38 W times the CPU time of all threads"],
        "macs": 85_000_000,
        "time_measured": True,
        "batch": 8,
        "execution": {
            "engine": "LiteRT",
            "version": "2.3.0",
            "precision": "int8",
            "threads": 2,
            "cpu_seconds": {"median": 0.02, "low": 0.019, "high": 0.023, "repeats": 7},
            "wall_seconds": {"median": 0.012, "low": 0.011, "high": 0.014, "repeats": 7},
            "batches_tried": [1, 8, 32],
            "busy_others": 0.4,
            "loaded": True,
            "metrics": {"pixel_accuracy": 0.9231, "iou": 0.688},
            "calibrated_on": "16 inputs that the conversion calibrated on",
        },
    },
    {"name": "this GPU", "absent": "none here: TensorFlow finds no GPU", "macs": 85_000_000},
]


def write(path: Path, data: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data))


def counts_at(steps: float) -> dict[str, Any]:
    """The events of the made-up run up to a step."""
    share = steps / 128
    return {
        "spikes": 2.96e6 * share,
        "synops": 5.4e8 * share,
        "neuron_updates": 5.45e7 * share,
        "messages": 5.9e6 * share,
        "interchip_messages": 1.3e5 * share,
        "host_messages": 4.1e5 * share,
        "conv_synops": 5.3e8 * share,
        "layer_synops": {name: 2e8 / (i + 1) * share for i, name in enumerate(LAYERS)},
        "busiest_cores": {
            "longer": pipeline(1.1e5 * share, 9e3 * share, 2.4e6 * share),
            "shorter": pipeline(2e4 * share, 2e3 * share, 3e5 * share),
        },
    }


def pipeline(updates: float, spikes: float, synops: float) -> dict[str, float]:
    """The events of one pipeline of the busiest cores."""
    sent = {"neuron_updates": updates, "spikes": spikes, "messages_out": 3 * spikes}
    return {**sent, "messages_in": 5 * spikes, "synops": synops, "conv_synops": 0.9 * synops}


def make_bundle(
    path: Path, *, segmentation: bool = True, runs: tuple[str, ...] = ("fast-128",), size: int = 48
) -> Path:
    """A bundle with its files as the other commands write them, and plausible numbers in them."""
    rng = np.random.default_rng(1)
    layers = [
        {
            "name": name,
            "kind": "Conv2D",
            "shape": [64, 64, 16],
            "neurons": 65536,
            "on_chip": i > 0,
            "scale_hz": 150.0,
            "percentile_rate_hz": 148.0 - 9 * i,
            "mean_rate_hz": 21.0 - 2 * i,
            "arrival_step": 5 * i,
        }
        for i, name in enumerate(LAYERS)
    ]
    write(
        path / "conversion.json",
        {
            "layers": layers,
            "input_shape": [64, 64, 1],
            "dt_s": 0.001,
            "timesteps": 128,
            "synapse_s": 0.0,
            "agreement": {"max_abs_error": 1e-6, "tolerance": 1e-4},
            "metrics": {},
        },
    )
    write(
        path / "partition.json",
        {
            "board": "nahuku08",
            "chips": 5,
            "cores": 432,
            "blocks": [
                {"layer": name, "slice": [[i, i + 1], [0, 1], [0, 1]], "chip": (72 * k + i) // 90, "core": 72 * k + i}
                for k, name in enumerate(LAYERS)
                for i in range(72)
            ],
            "layers": [{"name": name, "tile": [64, 1, 16], "blocks": 72} for name in LAYERS],
            "board_chips": 8,
            "messages_per_step": {
                "total": 46500.0,
                "interchip": 1020.0,
                "interchip_multicast": 900.0,
                "host": 3200.0,
            },
            "hop_messages_per_step": 1500.0,
            "heaviest_board_link": 400.0,
            "max_link_load": 380.0,
            "chip_to_chip": [[0.0] * 5] * 5,
            "places": [[0, i] for i in range(5)],
            "lower_bound_interchip": 790.0,
            "optimality_gap": 0.23,
            "baseline_chips": 5,
            "utilization": {"compartments": 1.0, "in_axons": 0.3, "out_axon_slots": 0.2, "synapse_bits": 0.6},
            "baselines": {"greedy": 34200.0, "greedy-interchip": 11500.0},
            "seed": 0,
        },
    )
    (path / "partition.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 30">'
        + "".join(f'<rect x="{20 * i}" y="2" width="18" height="26" fill="#9cf" stroke="#333"/>' for i in range(5))
        + "</svg>"
    )
    keys = ("pixel_accuracy", "iou", "f1") if segmentation else ("accuracy",)
    ann = dict(zip(keys, (0.924, 0.689, 0.816), strict=False))
    if segmentation:
        ann |= {"adapted_rand_error": 0.18, "variation_of_information": 1.1}
    steps = (16, 32, 64, 96, 128)
    by_timestep = [
        {"timesteps": t, **{key: ann[key] * (1 - 2 ** (-t / 14)) for key in keys}, **counts_at(t)} for t in steps
    ]
    early = {
        "rule": "settled",
        "metric": keys[0],
        "curve": [
            {"threshold": s, "timesteps": t, keys[0]: ann[keys[0]] * (1 - 2 ** (-t / 10)), **counts_at(t)}
            for s, t in ((0.5, 24.5), (0.9, 41.0), (0.99, 77.25))
        ],
    }
    early["held_out"] = {**early["curve"][1], "images": 3, "chosen_on": 3, "all_steps": 0.91}
    for name in runs:
        write(
            path / "runs" / name / "run.json",
            {
                "target": name.split("-")[0],
                "images": 6,
                "timesteps": 128,
                "exact": True,
                "metrics": {"ann": ann, "snn": {key: 0.99 * ann[key] for key in ann}, "by_timestep": by_timestep},
                "early": early,
                **{key: value for key, value in counts_at(128).items() if key != "layer_synops"},
                "timings": {"seconds_per_image": 0.21, "devices_measured": MEASURED},
                "layers": [
                    {
                        "name": name,
                        "spikes": 9e5 / (i + 1),
                        "synops": 2e8 / (i + 1),
                        "neuron_updates": 9e6,
                        "messages": 1.8e6 / (i + 1),
                        "conv_synops": 1.9e8 / (i + 1),
                        "rate_hz": 19.0 - 2 * i,
                        "settled_step": 8 * i + 4,
                    }
                    for i, name in enumerate(LAYERS)
                ],
            },
        )
        y, x = np.mgrid[:size, :size] / size
        label = ((np.sin(9 * x + 3 * y) * np.cos(7 * y - 2 * x)) > -0.4).astype(np.uint8)
        arrays = {
            "images": np.stack([label * 120 + rng.normal(80, 20, label.shape)] * 2)[..., None],
            "labels": np.stack([label] * 2),
            "ann": np.stack([label * 0.8 + 0.1] * 2)[..., None],
            "outputs": np.stack([np.roll(label, 1, 0) * 0.8 + 0.1] * 2)[..., None],
        }
        if not segmentation:
            arrays |= {"labels": np.array([3, 1]), "ann": np.eye(10)[[3, 1]], "outputs": np.eye(10)[[3, 2]]}
        np.savez(path / "runs" / name / "outputs.npz", **arrays)
    return path


def of_numbers(bundle: Path, task: str, *, images: Any, outputs: Any, labels: Any) -> None:
    """Makes the run of ``bundle`` one of ``task``; its area under the curve is not defined at first."""
    path = bundle / "runs" / "fast-128" / "run.json"
    run = json.loads(path.read_text())
    area = {"auc": 0.95} if task == "anomaly" else {}
    rows = [
        {**{k: v for k, v in row.items() if k not in ("pixel_accuracy", "iou", "f1")}, **area, "mse": error}
        for row, error in zip(run["metrics"]["by_timestep"], ERRORS["by_timestep"], strict=True)
    ]
    metrics = {name: {**area, "mse": ERRORS[name]} for name in ("ann", "snn")}
    run |= {"task": task, "early": None, "metrics": {**metrics, "by_timestep": rows}}
    if task == "anomaly":
        point = {"threshold": -0.5, "timesteps": 40.0, "auc": None, **counts_at(40)}
        held_out = {**point, "images": 3, "chosen_on": 3, "all_steps": None}
        run["early"] = {"rule": "settled", "metric": "auc", "curve": [point], "held_out": held_out}
    write(path, run)
    arrays = {"images": images, "outputs": outputs, "ann": outputs, "labels": labels}
    np.savez(path.with_name("outputs.npz"), **{k: np.asarray(v, np.float32) for k, v in arrays.items()})
