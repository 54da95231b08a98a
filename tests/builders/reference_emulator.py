"""nengo_loihi's emulator and the fast one on the same case, everything laid out neuron by neuron."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from deploy.emulator import compile_network, flatten_model, run
from deploy.emulator.adding import add_pairs, add_segments
from deploy.emulator.arguments import Pairs, Segments, Strip
from deploy.emulator.program import SEGMENTS, ChipLayer, Program
from deploy.nengo_loihi.build import build_model, chip_form, simulator
from deploy.nengo_loihi.packing import compartments_of
from tests.builders.random_networks import Case

Traces = dict[str, dict[str, np.ndarray]]
"""'spiked', 'voltage' and 'current' of every chip population, shape (steps, neurons)."""


@dataclass(frozen=True)
class Reference:
    traces: Traces
    model: object
    flat_inputs: list[np.ndarray]
    all_spikes: np.ndarray
    all_voltages: np.ndarray


def reference(case: Case) -> Reference:
    """All images of ``case`` one after another in nengo_loihi, every state after every step."""
    network = case.network
    steps = network.timesteps * len(case.drives_hz["host"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        chip = chip_form(network, case.partition, case.drives_hz)
        with simulator(chip, network, case.partition) as sim:
            emulator = sim.sims["emulator"]
            host: list[np.ndarray] = [np.zeros((steps, spikes.n_neurons), bool) for spikes in sim.model.inputs]
            seen: dict[str, list[np.ndarray]] = {"spiked": [], "voltage": [], "current": []}
            for step in range(steps):
                sim.run_steps(1)
                for raster, spikes in zip(host, sim.model.inputs, strict=True):
                    raster[step, spikes.spikes.get(step + 1, [])] = True
                for key, values in seen.items():
                    values.append(getattr(emulator.compartment, key).copy())
            model = sim.model
    stacked = {key: np.array(values) for key, values in seen.items()}
    places = neuron_places(case, model)
    traces = {name: {key: values[:, place] for key, values in stacked.items()} for name, place in places.items()}
    return Reference(traces, model, host, stacked["spiked"], stacked["voltage"])


def neuron_places(case: Case, model: object) -> dict[str, np.ndarray]:
    """For each chip population the compartment of every neuron, counted through all blocks of the model."""
    places, start = {}, 0
    blocks = iter(model.blocks)  # type: ignore[attr-defined]
    for population in case.network.chip_populations:
        place = np.zeros(population.neurons, np.int64)
        for plan in case.partition.blocks_of(population.name):
            block = next(blocks)
            packed = compartments_of(plan, case.partition.packing(population.name))
            place[model.block_comp_map[block].list] = start + packed  # type: ignore[attr-defined]
            start += block.n_neurons
        places[population.name] = place
    return places


def fast(case: Case, program: Program | None = None) -> Traces:
    """The same from the fast emulator: one step at a time, in continuous mode."""
    program = program or compile_network(case.network, case.partition)
    traces: Traces = {layer.name: {"spiked": [], "voltage": [], "current": []} for layer in program.chip_layers}
    state = None
    for drive in case.drives_hz["host"]:
        for step in range(case.network.timesteps):
            names = [layer.name for layer in program.chip_layers]
            now = drive if drive.ndim == 1 else drive[step : step + 1]
            (result,) = run(program, {"host": now[None]}, 1, continuous=True, state=state, record=names, threads=1)
            state = result.state
            for layer in program.chip_layers:
                own = traces[layer.name]
                own["spiked"].append(result.spikes[layer.name].raster(layer)[0])
                own["voltage"].append(state.voltage[layer.name][:, : layer.row_length].ravel())
                own["current"].append(state.current[layer.name][:, : layer.row_length].ravel())
    return {name: {key: np.array(values) for key, values in trace.items()} for name, trace in traces.items()}


def built(case: Case) -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return build_model(case.network, case.partition)


def reference_weights(case: Case, model: object) -> dict[tuple[str, str], np.ndarray]:
    """Shape (source neurons, target neurons) for every (source, target), as the built blocks hold them."""
    flat = flatten_model(model)
    places = neuron_places(case, model)
    dense = np.zeros((flat.sources, flat.compartments), np.int64)
    sources = np.repeat(np.arange(flat.sources), np.diff(flat.fan_pointer))
    for source, row, base in zip(sources, flat.fan_row, flat.fan_base, strict=True):
        part = slice(flat.row_pointer[row], flat.row_pointer[row + 1])
        np.add.at(dense[source], base + flat.targets[part], flat.weights[part])
    weights, used_inputs = {}, iter(flat.inputs)
    for target in places:
        for projection in case.network.into(target):
            if projection.source == "host":
                continue
            rows = dense[places[projection.source]][:, places[target]]
            weights[projection.source, target] = rows
    for projection in case.network.projections:
        if projection.source == "host" and projection.target in places:
            first = next(used_inputs)
            rows = dense[first : first + case.network.population("host").neurons][:, places[projection.target]]
            key = ("host", projection.target)
            weights[key] = weights.get(key, 0) + rows
    return weights


def fast_weights(program: Program, chosen: dict[str, np.ndarray] | None = None) -> dict[tuple[str, str], np.ndarray]:
    """The same from the program: what one event of each source neuron adds; several links between two are summed.

    ``chosen`` are the neurons of each source whose rows are given, all without it.
    """
    weights: dict[tuple[str, str], np.ndarray] = {}
    for layer in program.chip_layers:
        for p, name in enumerate(layer.links.sources):
            source = program.layer(name)
            neurons = range(source.neurons) if chosen is None else chosen[name].tolist()
            dense = np.array([_added(layer, p, source, n) for n in neurons])
            key = (name, layer.name)
            weights[key] = weights.get(key, 0) + dense
    return weights


def _added(layer: ChipLayer, p: int, source: object, neuron: int) -> np.ndarray:
    links, stride = layer.links, layer.row_stride
    row, k = divmod(neuron, source.row_length)  # type: ignore[attr-defined]
    event = np.array([(row << source.shift) | k], np.int32)  # type: ignore[attr-defined]
    result = np.zeros((layer.shape[0], layer.row_length), np.int64)
    for s, (low, high, kind) in enumerate(layer.strips):
        a, b = links.windows[s, p, 2:]
        if not a <= row < b:
            continue
        sums = np.zeros((high - low) * stride + links.table[:, 3].max() * 16, np.int32)
        if links.table[p, 0] == SEGMENTS:
            strip = Strip(s, int(low), int(high), int(kind), stride)
            segments = Segments(links.rows, links.keys, links.weights)
            add_segments(sums, strip, event, 0, 1, links.table[p], segments, links.key_start[kind, p])
        else:
            pairs = Pairs(links.scatter_ptr, links.scatter_place, links.scatter_weight)
            add_pairs(sums, event, 0, 1, links.table[p], links.scatter_start[s, p], pairs)
        assert not sums[(high - low) * stride :].any()
        inside = sums[: (high - low) * stride].reshape(high - low, stride)
        assert not inside[:, layer.row_length :].any()
        result[low:high] = inside[:, : layer.row_length]
    return result.ravel()
