"""brian2-loihi on the network of a file: ``python brian2_loihi_peer.py FILE``, in an environment that has it.

A LoihiNeuronGroup has one threshold for all its neurons, no bias current and no lower bound of the voltage: so this is
the network's synapses and input spikes with the mean threshold, and its spikes are not those of the chip.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from brian2_loihi import (  # type: ignore[import-not-found]
    LoihiNetwork,
    LoihiNeuronGroup,
    LoihiSpikeGeneratorGroup,
    LoihiSpikeMonitor,
    LoihiSynapses,
    synapse_sign_mode,
)
from synapses import read, seconds, tell

UNIT = 64
"""A weight mantissa of 1 with exponent 0 is 2^6 in the chip's accumulator."""


def built(data: dict[str, Any], steps: int) -> tuple[Any, Any]:
    neurons = len(data["vth"])
    inner = data["pre"] < neurons
    host = LoihiSpikeGeneratorGroup(int(data["hosts"]), data["host"], data["step"])
    chip = LoihiNeuronGroup(
        neurons, threshold_v_mant=int(data["vth"].mean()) // UNIT, decay_I=int(data["decay_u"]) + 1, decay_v=0
    )
    links = []
    for source, chosen, first in ((host, ~inner, neurons), (chip, inner, 0)):
        link = LoihiSynapses(source, chip, sign_mode=synapse_sign_mode.MIXED)
        link.connect(i=data["pre"][chosen] - first, j=data["post"][chosen])
        link.w = np.clip(data["weight"][chosen] // UNIT, -256, 254)
        links.append(link)
    monitor = LoihiSpikeMonitor(chip)
    network = LoihiNetwork(host, chip, *links, monitor)
    network.run(1)  # compiles
    return network, monitor


def main() -> None:
    data, steps = read()
    build_s, (network, monitor) = seconds(lambda: built(data, steps))
    run_s, _ = seconds(lambda: network.run(steps - 1))
    tell(build_s=build_s, run_s=run_s * steps / (steps - 1), spikes=len(monitor.i))


if __name__ == "__main__":
    main()
