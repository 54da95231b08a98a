"""Our estimate beside SANA-FE's own simulation of the same spikes, for three small networks.

    python -m venv /tmp/sanafe && /tmp/sanafe/bin/pip install sanafe==2.2.9 numpy pyyaml
    python -m benchmarks.energy.against_sana_fe --python /tmp/sanafe/bin/python

The emulator's spikes are replayed in SANA-FE with its own Loihi (``in_sana_fe.py``); energy is the dynamic one, for
SANA-FE has no static power. Results go to results/sana-fe.json.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from convert.network import Network
from deploy.emulator import compile_network, drives_hz, run
from deploy.emulator.results import Presentation
from deploy.energy.constants import Constant
from deploy.energy.counts import Counts
from deploy.energy.devices import SANA_FE, EnergyDevice
from deploy.energy.estimate import Cost, cost_of
from deploy.events.busiest import BUSIEST
from deploy.runs.report import BusiestCores, PipelineEvents
from partition.geometry.blocks import block_of_neuron
from partition.geometry.links import KernelLink, links_onto_chip
from partition.result import Partition

from .networks import subjects

BARRIERS_S = ((1, 0.6e-6), (2, 1.0e-6), (4, 1.4e-6), (29, 1.8e-6))
"""SANA-FE's table: tiles in use, the barrier from there on."""
RESULTS = Path(__file__).parent / "results" / "sana-fe.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python", required=True, help="an interpreter that imports sanafe")
    python = parser.parse_args().python
    found = {name: compared(python, *subject) for name, subject in subjects().items()}
    RESULTS.write_text(json.dumps(found, indent=1) + "\n")
    for name, row in found.items():
        print(name, json.dumps(row))


def compared(python: str, network: Network, cut: Partition, image: np.ndarray) -> dict[str, Any]:
    """Joules and seconds of one image by both, and how much ours are above SANA-FE's."""
    program = compile_network(network, cut)
    names = [p.name for p in network.populations]
    (found,) = run(program, drives_hz(network, image[None]), network.timesteps, record=names)
    with tempfile.TemporaryDirectory() as folder:
        spikes, result = Path(folder) / "spikes.npz", Path(folder) / "result.json"
        rasters = {name: found.spikes[name].raster(program.layer(name)) for name in names}
        write(spikes, network, cut, rasters)
        script = Path(__file__).with_name("in_sana_fe.py")
        subprocess.run([python, str(script), str(spikes), str(result)], check=True, stdout=subprocess.DEVNULL)
        theirs = json.loads(result.read_text())
    counts = counts_of_image(network, found)
    tiles = len({block.core // 4 for block in cut.blocks}) + 1
    active = cost_of(on_tiles(SANA_FE, tiles).values(), counts)
    return {
        "cores": len(cut.blocks),
        "spikes": counts.spikes,
        "synops": counts.synops,
        "messages": counts.messages,
        "ours": _row(active, on_tiles(SANA_FE, tiles), counts),
        "sana_fe": theirs,
        "energy_above": active.dynamic / theirs["all, detailed"]["energy"]["total"] - 1,
        "energy_above_if_only_those_that_fire_are_active": active.dynamic / theirs["fired, detailed"]["energy"]["total"]
        - 1,
        "time_above_detailed": active.seconds / theirs["all, detailed"]["sim_time"] - 1,
    }


def _row(cost: Cost, device: EnergyDevice, counts: Counts) -> dict[str, Any]:
    values = device.values()
    seconds = {str(share): cost_of({**values, "share_in_sequence": share}, counts).seconds for share in (0.0, 0.5, 1.0)}
    return {"energy": {**cost.parts, "total": cost.dynamic}, "seconds_by_share_in_sequence": seconds}


def on_tiles(device: EnergyDevice, tiles: int) -> EnergyDevice:
    """``device`` with SANA-FE's barrier of so many tiles."""
    barrier = [seconds for first, seconds in BARRIERS_S if first <= tiles][-1]
    return device.with_constants(Constant("seconds_per_step", barrier, barrier, barrier, "SANA-FE, arch/loihi.yaml"))


def counts_of_image(network: Network, found: Presentation) -> Counts:
    """What the emulator counted, host populations apart."""
    chip = [found.counts[p.name] for p in network.chip_populations]
    assert found.busiest is not None
    longer, shorter = (PipelineEvents(**dict(zip(BUSIEST, of, strict=True))) for of in found.busiest[-1].tolist())
    return Counts(
        timesteps=network.timesteps,
        synops=sum(c.synops for c in chip),
        neuron_updates=sum(c.neuron_updates for c in chip),
        spikes=sum(c.spikes for c in chip),
        messages=sum(c.messages for c in chip),
        conv_synops=sum(c.conv_synops for c in chip),
        busiest=BusiestCores(longer=longer, shorter=shorter),
    )


def write(path: Path, network: Network, cut: Partition, rasters: dict[str, np.ndarray]) -> None:
    """Spikes, cores and connected pairs, as ``in_sana_fe.py`` reads them."""
    links = links_onto_chip(network)
    core = np.array([block.core for block in cut.blocks])
    arrays: dict[str, Any] = {}
    for p in network.populations:
        first = next((i for i, block in enumerate(cut.blocks) if block.layer == p.name), 0)
        arrays[f"raster/{p.name}"] = rasters[p.name]
        arrays[f"core/{p.name}"] = (
            core[first + block_of_neuron(p.shape, cut.tiles[p.name])] if p.on_chip else np.full(p.neurons, -1)
        )
        kinds = {"conv" if isinstance(link, KernelLink) else "dense" for link in links if link.target == p.name}
        (arrays[f"kind/{p.name}"],) = kinds or {"dense"}
    for link in links:
        matrix = link.projection.transform.as_matrix(link.source_shape, link.target_shape).tocoo()
        arrays[f"pairs/{link.source}>{link.target}"] = np.stack(matrix.coords[::-1], axis=1).astype(np.int64)
    names = [p.name for p in network.populations]
    pairs = [f"{link.source}>{link.target}" for link in links]
    np.savez(path, layers=json.dumps(names), links=json.dumps(pairs), steps=network.timesteps, **arrays)


if __name__ == "__main__":
    main()
