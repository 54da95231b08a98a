"""The bundle of the trial that was chosen, as the one that was asked for."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec

from convert.bundle import (
    NETWORK,
    PARTITION,
    PARTITION_PICTURE,
    REPORT,
    RUNS,
    is_part,
    load_network,
    load_peak_rates,
    load_rate_network,
    load_rates,
    load_report,
    write_bundle,
)
from convert.choice_report import ChoiceReport
from convert.provenance import provenance
from convert.timings import timings_since


def write_chosen(folder: Path, trial: Path, choice: ChoiceReport, command: str, begin_s: float) -> None:
    """The bundle of the ``trial`` that was chosen, with its steps, into ``folder``."""
    left = {NETWORK, REPORT, PARTITION, PARTITION_PICTURE, RUNS}
    for path in trial.iterdir():
        if is_part(path) and path.name not in left and not path.name.startswith("."):
            (shutil.copytree if path.is_dir() else shutil.copy2)(path, folder / path.name)
    report = load_report(trial)
    origin = report.provenance or provenance(command, seed=report.seed)
    report = msgspec.structs.replace(
        report,
        timesteps=choice.timesteps,
        choice=choice,
        provenance=msgspec.structs.replace(origin, command=command),
        timings=timings_since(begin_s),
    )
    network = load_network(trial).with_(timesteps=choice.timesteps)
    write_bundle(
        folder,
        network,
        load_rates(trial),
        report,
        peak_rates_hz=load_peak_rates(trial),
        rate_network=load_rate_network(trial),
    )
