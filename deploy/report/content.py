"""The content of report.json: what the runs found, and the energy of one inference on each device."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from deploy.energy.devices import ARITHMETIC_DEVICES, STATIC_WATTS_PER_CHIP, EnergyDevice, device_set
from deploy.energy.estimate import arithmetic_estimate, counts_of, loihi_estimate, ratios, run_until
from deploy.runs.knee import knee

from .read import Run

COPIED = (
    "target",
    "images",
    "timesteps",
    "exact",
    "spikes",
    "synops",
    "neuron_updates",
    "messages",
    "interchip_messages",
    "host_messages",
    "seconds_per_image",
    "crops_per_image",
    "layers",
)


def build_report(
    runs: Sequence[Run],
    *,
    static_watts: float = STATIC_WATTS_PER_CHIP,
    devices: str = "all",
    tolerance: float | None = None,
) -> dict[str, Any]:
    """``runs`` with what each did, ``devices`` with the energy of one image for each run, and their ``ratios``.

    ``devices`` names a set of Loihi constants; ``static_watts`` is for one chip; ``tolerance`` is the knee's.
    ``absent`` lists the devices for which there is nothing to say, with the reason.
    """
    chosen = device_set(devices)
    sections = [_section(run, chosen, static_watts, tolerance) for run in runs]
    many = len(sections) > 1
    return {
        "static_watts_per_chip": static_watts,
        "runs": [
            {key: value for key, value in section.items() if key not in ("devices", "absent")} for section in sections
        ],
        "devices": [{**device, "run": section["run"]} for section in sections for device in section["devices"]],
        "absent": [{**device, "run": section["run"]} for section in sections for device in section["absent"]],
        "ratios": {
            (f"{section['run']}: {name}" if many else name): value
            for section in sections
            for name, value in ratios(section["devices"]).items()
        },
    }


def devices_of(report: dict[str, Any], run: str) -> list[dict[str, Any]]:
    """The devices of ``report`` for one run."""
    return [device for device in report["devices"] if device["run"] == run]


def _section(run: Run, chosen: Sequence[EnergyDevice], static_watts: float, tolerance: float | None) -> dict[str, Any]:
    measured = run.result.get("devices_measured") or []
    crops = run.result.get("crops_per_image") or 1
    entries = [_for_whole_image(entry, crops) for entry in measured if "absent" not in entry]
    absent = [{"name": entry["name"], "reason": entry["absent"]} for entry in measured if "absent" in entry]
    counts = counts_of(run.result, run.partition)
    if counts is None:
        absent += [
            {
                "name": device.name,
                "reason": f"a run on {run.result['target']} counts no synops; deploy with --target fast",
            }
            for device in chosen
        ]
    else:
        entries = [
            loihi_estimate(device, counts, static_watts_per_chip=static_watts).to_json() for device in chosen
        ] + entries
    macs = next((entry["macs"] for entry in measured if entry.get("macs")), None)
    if macs is not None:
        entries += [
            {**arithmetic_estimate(device, macs * crops).to_json(), "macs": macs * crops}
            for device in ARITHMETIC_DEVICES
        ]
    partition = {
        key: run.partition.get(key)
        for key in (
            "board",
            "chips",
            "cores",
            "messages_per_step",
            "baselines",
            "lower_bound_interchip",
            "optimality_gap",
            "max_link_load",
        )
    }
    return {
        "run": run.label,
        **{key: run.result.get(key) for key in COPIED},
        **_by_steps(run, chosen, static_watts, tolerance),
        "partition": partition,
        "devices": entries,
        "absent": absent,
    }


def _by_steps(run: Run, chosen: Sequence[EnergyDevice], static_watts: float, tolerance: float | None) -> dict[str, Any]:
    """``metrics``, ``early`` and ``knee``, with the energy of every row."""

    def priced(row: dict[str, Any]) -> dict[str, Any]:
        counts = counts_of(run_until(run.result, row), run.partition) if "layer_synops" in row else None
        found = [loihi_estimate(d, counts, static_watts_per_chip=static_watts) for d in chosen] if counts else []
        return {
            **{key: value for key, value in row.items() if key != "layer_synops"},
            "joules_per_inference": {e.name: e.total_joules for e in found},
            "seconds_per_inference": {e.name: e.seconds for e in found},
        }

    metrics, early = run.result["metrics"], run.result.get("early")
    rows = [priced(row) for row in metrics.get("by_timestep") or []]
    if early:
        early = {
            **early,
            "curve": [priced(row) for row in early["curve"]],
            "held_out": early["held_out"] and priced(early["held_out"]),
        }
    return {
        "metrics": {**metrics, "by_timestep": rows},
        "early": early,
        "knee": knee(rows, metrics.get("ann") or {}, tolerance),
    }


def _for_whole_image(entry: dict[str, Any], crops: int) -> dict[str, Any]:
    """A device measured on one input of the model, for an image of ``crops`` inputs."""
    if crops == 1:
        return entry
    joules = {key: None if value is None else value * crops for key, value in entry["joules_per_inference"].items()}
    return {
        **entry,
        "joules_per_inference": joules,
        "seconds_per_inference": entry["seconds_per_inference"] * crops,
        "assumptions": [*entry["assumptions"], f"one image is {crops} crops, each an inference of the model"],
    }
