"""SANA-FE on the network of a file: ``python sana_fe_peer.py FILE``, in an environment that has it and numpy.

Its Loihi architecture, blocks on the cores of the partition, the host's neurons as inputs on further cores; float64,
without the chip's current filter.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import sanafe  # type: ignore[import-not-found]
from synapses import read, seconds, tell

CORE = 1024
"""Input neurons on one core."""


def built(data: dict[str, Any], steps: int) -> Any:
    arch, net = sanafe.load_loihi(), sanafe.Network()
    cores = [core for tile in arch.tiles for core in tile.cores]
    neurons, hosts = len(data["vth"]), int(data["hosts"])
    common = {
        "reset": 0.0,
        "reset_mode": "hard",
        "leak_decay": 1.0,
        "reverse_reset_mode": "saturate",
        "force_update": True,
        "threshold": 0.0,
    }
    chip = net.create_neuron_group("chip", neurons, common, "loihi_conv_synapse", soma_hw_name="loihi_lif")
    host = net.create_neuron_group("host", hosts, {}, "loihi_conv_synapse", soma_hw_name="loihi_inputs[0]")
    for i, (vth, vmin, bias, core) in enumerate(
        zip(*(data[k].tolist() for k in ("vth", "vmin", "bias", "core")), strict=True)
    ):
        chip[i].set_attributes(
            model_attributes={"threshold": float(vth), "reverse_threshold": float(vmin), "bias": float(bias)}
        )
        chip[i].map_to_core(cores[core])
    fires = np.zeros((hosts, steps), bool)
    fires[data["host"], data["step"]] = True
    first = int(data["core"].max()) + 1
    for i, spikes in enumerate(fires.tolist()):
        host[i].set_attributes(soma_hw_name=f"loihi_inputs[{i % CORE}]", model_attributes={"spikes": spikes})
        host[i].map_to_core(cores[first + i // CORE])
    inner = data["pre"] < neurons
    for source, chosen, begin in ((host, ~inner, neurons), (chip, inner, 0)):
        pairs = zip((data["pre"][chosen] - begin).tolist(), data["post"][chosen].tolist(), strict=True)
        source.connect_neurons_sparse(chip, {"weight": data["weight"][chosen].astype(float).tolist()}, list(pairs))
    loaded = sanafe.SpikingChip(arch)
    loaded.load(net)
    return loaded


def main() -> None:
    data, steps = read()
    build_s, chip = seconds(lambda: built(data, steps))
    run_s, result = seconds(lambda: chip.sim(steps, timing_model="simple"))
    tell(build_s=build_s, run_s=run_s, spikes=int(result["neurons_fired"]) - len(data["host"]))


if __name__ == "__main__":
    main()
