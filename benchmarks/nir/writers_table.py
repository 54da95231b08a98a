"""NIR files of other simulators, read here, their spikes compared step for step with those of their writer.

    python -m benchmarks.nir.writers_table --writer spikingjelly=/tmp/venvs/spikingjelly/bin/python ...

Each writer (writers/by_NAME.py) runs in an environment of its own (those of SpikingJelly and snnTorch need nirtorch,
too): it makes small networks, writes them, and runs them on random spikes. Here each file is read as convert-model does
with ``--dt`` of the writer and ``--reference``, in floating point by the chip's rules. Results go to
results/writers.json and are printed as a table.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from convert.calibration.simulate import simulated
from convert.errors import UserError
from convert.frontends.nir.assumed import Assumed
from convert.frontends.nir.network import Made, network_of
from convert.frontends.nir.reading import read_graph
from convert.frontends.nir.reference import read_reference

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "writers.json"

UNTRIED = "all"
"""Stands for the networks of a writer that could not be run: what is known of them stays."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--writer", action="append", default=[], help="NAME=PYTHON, an interpreter that imports it")
    found = {name: rows_of(name, python) for name, python in (w.split("=") for w in parser.parse_args().writer)}
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    kept |= {name: rows for name, rows in found.items() if rows.keys() != {UNTRIED}}
    RESULTS.write_text(json.dumps(kept, indent=1) + "\n")
    print("| writer | network | reads | agrees | why not |\n|---|---|---|---|---|")
    for writer, rows in (kept | found).items():
        for network, row in rows.items():
            print(f"| {writer} | {network} | {row['reads']} | {row['agrees']} | {row.get('why', '')} |")


def rows_of(name: str, python: str) -> dict[str, Any]:
    """What became of each file of one writer."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        script = HERE / "writers" / f"by_{name}.py"
        done = subprocess.run([python, str(script), temporary], capture_output=True, text=True, check=False)
        if not (folder / "written.json").exists():
            return {UNTRIED: {"reads": "not tried", "agrees": "", "why": done.stderr.strip().splitlines()[-1][:200]}}
        told = json.loads((folder / "written.json").read_text())
        return {network: _row(folder, network, one) for network, one in told.items()}


def _row(folder: Path, network: str, told: dict[str, Any]) -> dict[str, Any]:
    if "fails" in told:
        return {"reads": "not written", "agrees": "", "why": told["fails"]}
    path = folder / f"{network}.nir"
    try:
        made = network_of(read_graph(path), Assumed(dt=told["dt"]), 60)
    except UserError as error:
        return {"reads": "no", "agrees": "", "why": "; ".join(error.problems).replace(f"{folder}/", "")}
    if not (folder / f"{network}.npz").exists():
        return {"reads": "yes", "agrees": "not compared", "why": told.get("not_run", "")}
    return {"reads": "yes", "dt": told["dt"]} | _agreement(made, folder / f"{network}.npz")


def _agreement(made: Made, path: Path) -> dict[str, Any]:
    """Spikes of the last neurons at the same steps, as many later as there are layers before them."""
    reference = read_reference(path, made.network)
    network = made.network.with_(timesteps=reference.given.shape[1])
    arrival = {p.name: 0 for p in network.populations}
    *_, (population, trains) = simulated(network, arrival, reference.given)
    fired = np.stack([trains.of(k) > 0 for k in range(len(reference.given))])
    lag = network.depth()[population.name]
    ours, wanted = fired[:, lag:], reference.spikes[:, : reference.spikes.shape[1] - lag]
    same, of, here = (int(x.sum()) for x in (ours & wanted, wanted, ours))
    agrees = f"{same} of {of} spikes" + ("" if here == of else f"; {here} here")
    return {"agrees": agrees, "same": same, "of": of, "here": here}


if __name__ == "__main__":
    main()
