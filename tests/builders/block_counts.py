"""The events of a run counted in nengo_loihi's own blocks, axon by axon."""

from __future__ import annotations

import numpy as np

from convert.network.nengo_form import seen
from deploy.emulator import compile_network, run
from deploy.nengo_loihi.packing import compartments_of
from partition.result import Copy
from tests.builders.random_networks import Case
from tests.builders.reference_emulator import reference


def assert_counts_of_blocks(case: Case) -> None:
    """Messages, those between chips, weights added and compartments updated in the first image, block by block."""
    expected = reference(case)
    steps, program = case.network.timesteps, compile_network(case.network, case.partition)
    names = [layer.name for layer in program.layers]
    blocks = list(expected.model.blocks)
    chip = {id(block): plan.chip for block, plan in zip(blocks, case.partition.on_cores, strict=True)}
    home = {id(synapse): block for block in blocks for synapse in block.synapses}
    layer_of = {id(block): plan.layer for block, plan in zip(blocks, case.partition.on_cores, strict=True)}
    spikes, messages, interchip, synops, updates = (dict.fromkeys(names, 0) for _ in range(5))

    def deliver(name: str, axons: list, fired: np.ndarray, own: int | None) -> None:
        for axon in axons:
            block = home[id(axon.target)]
            for neuron in np.flatnonzero(fired):
                (spike,) = axon.map_spikes(np.array([neuron]))
                if spike is None or axon.target.axon_compartment_base(spike.axon_idx) is None:
                    continue
                weights, _ = axon.target.axon_weights_indices(spike.axon_idx, atom=spike.atom)
                if weights.size:
                    messages[name] += int(fired[neuron])
                    interchip[name] += int(fired[neuron]) * (own is not None and chip[id(block)] != own)
                    synops[layer_of[id(block)]] += int(fired[neuron]) * weights.size

    result = run(program, case.drives_hz, continuous=True, record=names)[0]
    host = result.spikes["host"].raster(program.layer("host"))[:steps].sum(axis=0)
    from_host = [p for p in case.network.projections if p.source == "host" and p.target in names]
    spikes["host"] = int(host.sum())
    for given, projection in zip(expected.model.inputs, from_host, strict=True):
        deliver("host", given.axons, seen(projection.transform, host, case.network.shape_of("host")), None)
    for block, plan in zip(blocks, case.partition.on_cores, strict=True):
        numbers = np.arange(case.network.population(plan.layer).neurons).reshape(case.network.shape_of(plan.layer))
        own = numbers[tuple(slice(*ends) for ends in plan.slice)].ravel()
        fired = np.zeros(block.compartment.n_compartments, np.int64)
        packing = plan.packing if isinstance(plan, Copy) else case.partition.packing(plan.layer)
        packed = compartments_of(plan, packing)
        spikes[plan.layer] += int(expected.traces[plan.layer]["spiked"][:steps, own].sum())
        fired[packed] = expected.traces[plan.layer]["spiked"][:steps].sum(axis=0)[own]
        deliver(plan.layer, block.axons, fired, plan.chip)
        updates[plan.layer] += block.compartment.n_compartments * steps
    assert {n: c.spikes for n, c in result.counts.items()} == spikes
    assert {n: c.messages for n, c in result.counts.items()} == messages
    assert {n: c.interchip for n, c in result.counts.items()} == interchip
    assert {n: c.synops for n, c in result.counts.items()} == synops
    assert {n: c.neuron_updates for n, c in result.counts.items()} == updates
