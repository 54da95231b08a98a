"""Replays spikes in SANA-FE's Loihi; runs in SANA-FE's own environment: in_sana_fe.py SPIKES.npz RESULT.json.

Every neuron is an input of SANA-FE that fires where ours did, with the energy and the latency of its LIF neuron; the
weights are 0, for only costs are asked for. Neurons of the host lie on a tile of their own, which costs nothing.
"""

from __future__ import annotations

import json
import sys
import tempfile
from importlib.resources import files
from pathlib import Path

import numpy as np
import sanafe
import yaml

HOST_TILE, PER_CORE = 32, 4096


def architecture(updates: str) -> Path:
    """SANA-FE's loihi.yaml with a host tile; ``updates``: 'all' are active, or those that fire ('fired')."""
    arch = yaml.safe_load((files("sanafe.examples") / "loihi.yaml").read_text())
    root = arch["architecture"]
    root["attributes"]["height"] = 5
    (tile,) = root["tile"]
    (core,) = tile["core"]
    lif = next(unit for unit in core["soma"] if unit["name"] == "loihi_lif")["attributes"]
    costs = {key: value for key, value in lif.items() if key != "model"}
    if updates == "all":
        for kind in ("energy", "latency"):
            costs[f"{kind}_access_neuron"] += costs[f"{kind}_update_neuron"]
            costs[f"{kind}_update_neuron"] = 0.0
    core["soma"] = [{"name": "replayed[0..1023]", "attributes": {"model": "input", **costs}}]
    free = json.loads(json.dumps(tile))
    free["name"] = "host_tile[0..7]"
    free["attributes"] = dict.fromkeys(free["attributes"], 0.0)
    (host,) = free["core"]
    host["name"], host["attributes"]["max_neurons_supported"] = "host_core[0..0]", PER_CORE
    host["soma"] = [{"name": f"free[0..{PER_CORE - 1}]", "attributes": {"model": "input", **dict.fromkeys(costs, 0.0)}}]
    host["axon_out"][0]["attributes"] = dict.fromkeys(host["axon_out"][0]["attributes"], 0.0)
    root["tile"] = [tile, free]
    path = Path(tempfile.mkdtemp()) / "loihi.yaml"
    path.write_text(yaml.safe_dump(arch, sort_keys=False))
    return path


def replay(spikes: np.lib.npyio.NpzFile, updates: str, timing: str) -> dict[str, object]:
    """Energy and time of the spikes; arrays of the file are named as ``against_sana_fe.write`` names them."""
    arch = sanafe.load_arch(architecture(updates))
    net = sanafe.Network()
    layers = json.loads(str(spikes["layers"]))
    used: dict[tuple[int, int], int] = {}
    for layer in layers:
        raster, cores = spikes[f"raster/{layer}"], spikes[f"core/{layer}"]
        kind = str(spikes[f"kind/{layer}"])
        group = net.create_neuron_group(layer, len(cores), default_synapse_hw_name=f"loihi_{kind}_synapse")
        for n, core in enumerate(cores.tolist()):
            tile, offset = (HOST_TILE, 0) if core < 0 else divmod(core, 4)
            place = used.setdefault((tile, offset), 0)
            used[tile, offset] += 1
            unit = "free" if core < 0 else "replayed"
            group[n].set_attributes(soma_hw_name=f"{unit}[{place}]", model_attributes={"spikes": raster[:, n].tolist()})
            group[n].map_to_core(arch.tiles[tile].cores[offset])
    for name in json.loads(str(spikes["links"])):
        source, target = name.split(">")
        pairs = spikes[f"pairs/{name}"].tolist()
        net[source].connect_neurons_sparse(net[target], {"weight": [0.0] * len(pairs)}, pairs)
    chip = sanafe.SpikingChip(arch)
    chip.load(net)
    found = chip.sim(int(spikes["steps"]), timing_model=timing)
    return {key: found[key] for key in ("energy", "sim_time", "spikes")} | {
        key: found[key] for key in found if key in ("packets_sent", "neurons_fired", "hops", "neurons_updated")
    }


if __name__ == "__main__":
    with np.load(sys.argv[1]) as given:
        result = {
            f"{updates}, {timing}": replay(given, updates, timing)
            for updates in ("all", "fired")
            for timing in ("simple", "detailed")
        }
    Path(sys.argv[2]).write_text(json.dumps(result))
