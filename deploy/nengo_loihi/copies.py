"""Copies as blocks of nengo_loihi's model: made from the blocks that hold their neurons, integer by integer.

A link's ``line`` is what an axon of its synapses stands for: a source pixel, or a source neuron of a matrix. The copy
of a target block gets lists for the lines that reach it; then every core sends to those for which ``Wiring`` says so.
"""

from __future__ import annotations

import copy as copying
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from convert.network import Network
from convert.upstream.nengo_loihi import load_nengo_loihi
from deploy.arrays import Int64
from deploy.foreign import Ensemble, LoihiBlock, LoihiModel, LoihiSynapse, LoihiWeights
from partition.block import Block, Copy
from partition.copies.wiring import Wiring
from partition.core.packing import Packing
from partition.geometry.links import KernelLink, Link, MatrixLink, links_onto_chip
from partition.geometry.part import into_part, neurons_of
from partition.result import Partition

from .packing import axon_pixels, compartments_of, leave_out_zeros, set_lists, synapse_lists, synapses_of


@dataclass(frozen=True)
class Core:
    """What nengo_loihi holds of a core: its block, and the number and compartment of each of its neurons."""

    block: LoihiBlock
    neurons: Int64
    compartments: Int64


@dataclass(frozen=True)
class Joined:
    """A link in nengo_loihi's model.

    ``synapses`` are those of each core of its target, with the axon of each line, -1 for none; ``line`` and ``atom``
    tell how each neuron of the source (each one of the host's input) is known to them, -1 for not at all.
    """

    link: Link
    synapses: dict[int, tuple[LoihiSynapse, Int64]] = field(default_factory=dict)
    line: Int64 = field(default_factory=lambda: np.zeros(0, np.int64))
    atom: Int64 = field(default_factory=lambda: np.zeros(0, np.int64))


def add_copies(model: LoihiModel, network: Network, partition: Partition, ensembles: Mapping[str, Ensemble]) -> None:
    """Adds a block for each copy of ``partition`` behind the others, and lets it send and receive, in place."""
    if not partition.copies:
        return
    wiring, links = partition.wiring(network), links_onto_chip(network)
    cores = _cores(model, network, partition, ensembles)
    joined = [_joined(link, links, model, partition, wiring, cores) for link in links]
    for number, plan in enumerate(partition.copies, start=len(partition.blocks)):
        held = [each for each in wiring.cores_of(plan.layer).tolist() if each < len(partition.blocks)]
        cores[number] = _copied_neurons(plan, network, [cores[each] for each in held])
        for each in joined:
            if each.link.target == plan.layer:
                _add_synapse(each, number, plan, cores, held)
        model.add_block(cores[number].block)
    for each in joined:
        if network.population(each.link.source).on_chip:
            _send_between_cores(each, wiring, cores)
        else:
            _send_from_host(each, model, len(partition.blocks))


def _cores(
    model: LoihiModel, network: Network, partition: Partition, ensembles: Mapping[str, Ensemble]
) -> dict[int, Core]:
    cores: dict[int, Core] = {}
    for population in network.chip_populations:
        built = model.objs[ensembles[population.name]]["in"]
        blocks = built if isinstance(built, list) else [built]
        for block, plan in zip(blocks, partition.blocks_of(population.name), strict=True):
            places = compartments_of(plan, partition.packing(population.name))
            cores[len(cores)] = Core(block, _numbers(population.shape, plan), places)
    return cores


def _numbers(shape: tuple[int, int, int], plan: Block) -> Int64:
    numbers = np.arange(np.prod(shape)).reshape(shape)
    return np.asarray(numbers[tuple(slice(*ends) for ends in plan.slice)].ravel())


def _joined(
    link: Link,
    links: Sequence[Link],
    model: LoihiModel,
    partition: Partition,
    wiring: Wiring,
    cores: Mapping[int, Core],
) -> Joined:
    """What of ``link``, one of ``links``, nengo_loihi has built."""
    found = Joined(link)
    inward = [each for each in links if each.target == link.target]
    for number, plan in zip(wiring.cores_of(link.target).tolist(), partition.blocks_of(link.target), strict=False):
        for synapse, of in synapses_of(cores[number].block, plan, inward):
            if of is link:
                found.synapses[number] = synapse, _axon_of_line(link, plan, synapse.n_axons)
    line, atom = _names(found, model, wiring, cores)
    return replace(found, line=line, atom=atom)


def _axon_of_line(link: Link, plan: Block, axons: int) -> Int64:
    """The axon of each line into the block, -1 for none."""
    if isinstance(link, KernelLink):
        _, columns, _ = link.source_shape
        lines = np.array([y * columns + x for y, x in axon_pixels(link, plan, axons)], np.int64)
        found = np.full(link.source_shape[0] * columns, -1, np.int64)
    else:
        assert isinstance(link, MatrixLink)
        lines = np.unique(link.matrix[neurons_of(link, plan.slice)].indices)
        found = np.full(link.matrix.shape[1], -1, np.int64)
        lines = lines if len(lines) == axons else np.arange(len(found))
    found[lines] = np.arange(axons)
    return found


def _names(joined: Joined, model: LoihiModel, wiring: Wiring, cores: Mapping[int, Core]) -> tuple[Int64, Int64]:
    """The line and the atom of each neuron of the source, as the axons of nengo_loihi have them."""
    line_of = {id(synapse): np.flatnonzero(axon >= 0) for synapse, axon in joined.synapses.values()}
    source = wiring.network.population(joined.link.source)
    if source.on_chip:
        size = source.neurons
        senders = [
            (cores[n].block.axons, cores[n].neurons, cores[n].compartments) for n in _blocks(wiring, source.name)
        ]
    else:
        given = _input_of(joined, model)
        size = given.n_neurons
        senders = [(given.axons, np.arange(size), np.arange(size))]
    line, atom = np.full(size, -1, np.int64), np.zeros(size, np.int64)
    for axons, neurons, compartments in senders:
        for axon in axons:
            if id(axon.target) not in line_of:
                continue
            to = np.asarray(axon.map_axon(compartments))
            used = to >= 0
            line[neurons[used]] = line_of[id(axon.target)][to[used]]
            atom[neurons[used]] = np.broadcast_to(axon.map_atoms(compartments), to.shape)[used]
    return line, atom


def _blocks(wiring: Wiring, layer: str) -> list[int]:
    return [number for number in wiring.cores_of(layer).tolist() if number < len(wiring.chip)]


def _input_of(joined: Joined, model: LoihiModel) -> LoihiModel:
    """The input of the model whose spikes go over the link."""
    synapses = {id(synapse) for synapse, _ in joined.synapses.values()}
    return next(given for given in model.inputs if any(id(axon.target) in synapses for axon in given.axons))


def _copied_neurons(plan: Copy, network: Network, held: Sequence[Core]) -> Core:
    """A block with the compartments of the neurons of ``plan``, which the cores ``held`` have, and nothing else."""
    neurons, places = _numbers(network.shape_of(plan.layer), plan), compartments_of(plan, plan.packing)
    size = plan.packing.compartments(plan.extent)
    owners = [core for core in held if np.isin(core.neurons, neurons).any()]
    block = load_nengo_loihi().block.LoihiBlock(size, label=f"copy of {plan.layer}, {plan.slice}")
    block.compartment = compartment = copying.copy(owners[0].block.compartment)
    compartment.n_compartments = size
    for name in ("decay_u", "decay_v", "refract_delay", "vth", "bias", "enable_noise"):
        old = getattr(owners[0].block.compartment, name)
        new = np.full(size, 0 if name == "bias" else old[owners[0].compartments[0]], old.dtype)
        for core in owners:
            inside = np.isin(core.neurons, neurons)
            new[places[np.searchsorted(neurons, core.neurons[inside])]] = getattr(core.block.compartment, name)[
                core.compartments[inside]
            ]
        setattr(compartment, name, new)
    return Core(block, neurons, places)


def _add_synapse(joined: Joined, number: int, plan: Copy, cores: Mapping[int, Core], held: Sequence[int]) -> None:
    """Gives the copy what the cores ``held`` receive over the link for its neurons."""
    core, model = cores[number], None
    dense: dict[int, LoihiWeights] = {}
    for each in held:
        if each not in joined.synapses or not np.isin(cores[each].neurons, core.neurons).any():
            continue
        model = joined.synapses[each][0]
        for line, weights in _weights_by_line(*joined.synapses[each], cores[each], core.neurons):
            dense[line] = dense.get(line, 0) + weights
    if model is None or not dense:
        return
    lines = sorted(dense)
    synapse = load_nengo_loihi().block.Synapse(len(lines), label=f"{model.label} copied")
    synapse.synapse_cfg, synapse.pop_type = copying.copy(model.synapse_cfg), model.pop_type
    synapse.weights = [np.zeros((1, 1), model.weights[0].dtype)]
    part = into_part(joined.link, plan.slice)
    whole = Block(plan.layer, tuple((0, size) for size in plan.extent), plan.chip, plan.core)  # type: ignore[arg-type]
    if isinstance(part, KernelLink):
        _set_kernel_lists(synapse, part, whole, plan.packing, [dense[line] for line in lines], lines)
        leave_out_zeros(synapse, part, whole, plan.extent)
    else:
        assert isinstance(part, MatrixLink)
        _set_single_lists(synapse, part, core.compartments, {line: dense[line] for line in lines})
    axon = np.full(len(next(iter(joined.synapses.values()))[1]), -1, np.int64)
    axon[lines] = np.arange(len(lines))
    core.block.add_synapse(synapse)
    joined.synapses[number] = synapse, axon


def _weights_by_line(
    synapse: LoihiSynapse, axon_of_line: Int64, core: Core, wanted: Int64
) -> list[tuple[int, LoihiWeights]]:
    """For each line that reaches one of the neurons ``wanted``, what each atom adds to each, shape (atoms, wanted)."""
    neuron_at = np.full(_size(core), -1, np.int64)
    inside = np.isin(core.neurons, wanted)
    neuron_at[core.compartments[inside]] = np.searchsorted(wanted, core.neurons[inside])
    found = []
    for line in np.flatnonzero(axon_of_line >= 0).tolist():
        axon = int(axon_of_line[line])
        base = synapse.axon_compartment_base(axon)
        if base is None:
            continue
        which = synapse.axon_weight_idx(axon)
        weights, places = synapse.weights[which], base + synapse.indices[which]
        if not weights.size:
            continue
        inside_block = places < len(neuron_at)
        to = np.where(inside_block, neuron_at[np.minimum(places, len(neuron_at) - 1)], -1)
        if (to < 0).all():
            continue
        dense = np.zeros((len(weights), len(wanted)), weights.dtype)
        atom, entry = np.nonzero(to >= 0)
        dense[atom, to[atom, entry]] = weights[atom, entry]
        found.append((line, dense))
    return found


def _size(core: Core) -> int:
    """Its compartments, used or not."""
    return int(core.block.compartment.n_compartments)


def _set_kernel_lists(
    synapse: LoihiSynapse,
    part: KernelLink,
    plan: Block,
    packing: Packing,
    dense: Sequence[LoihiWeights],
    lines: Sequence[int],
) -> None:
    """Lists shared by all pixels of a kind, as ``packing`` has them."""
    extent, columns = plan.extent, part.source_shape[1]
    kind_of, first_target = synapse_lists(part, plan, packing, extent)
    places = packing.places(extent)
    pixels = [divmod(line, columns) for line in lines]
    kinds = [(int(kind_of[0][y]), int(kind_of[1][x])) for y, x in pixels]
    origins = np.array([packing.place(extent, first_target[0][y], first_target[1][x], 0) for y, x in pixels])
    weights_of: dict[tuple[int, int], dict[int, LoihiWeights]] = {}
    for (y, x), kind, origin, weights in zip(pixels, kinds, origins.tolist(), dense, strict=True):
        rows, targets = np.flatnonzero(part.rows[y] >= 0), np.flatnonzero(part.columns[x] >= 0)
        reached = np.ix_(rows, targets, np.arange(extent[2]))
        relative = (places[reached] - origin).ravel().tolist()
        of_each = weights.reshape(len(weights), *extent)[:, rows[:, None], targets[None, :], :]
        columns_of = of_each.reshape(len(weights), -1).T
        weights_of.setdefault(kind, {}).update(zip(relative, columns_of, strict=True))
    set_lists(synapse, kinds, origins, weights_of)


def _set_single_lists(
    synapse: LoihiSynapse, part: MatrixLink, places: Int64, dense: Mapping[int, LoihiWeights]
) -> None:
    """A list for each axon, equal ones stored once; weights that have become 0 are stored as others are."""
    reached = part.matrix.tocsc()
    number: dict[bytes, int] = {}
    weights: list[LoihiWeights] = []
    indices: list[LoihiWeights] = []
    list_of: list[int] = []
    for line, each in dense.items():
        some = np.sort(reached.indices[reached.indptr[line] : reached.indptr[line + 1]])
        key = each[0, some].tobytes() + places[some].tobytes()
        if key not in number:
            number[key] = len(weights)
            weights.append(each[:, some])
            indices.append(places[some][None].astype(np.int32))
        list_of.append(number[key])
    compression = synapse.synapse_cfg.compression
    synapse._set_weights_indices(weights, indices, weight_dtype=weights[0].dtype, compression=compression)
    synapse.axon_to_weight_map = np.array(list_of, np.int64)


def _send_between_cores(joined: Joined, wiring: Wiring, cores: Mapping[int, Core]) -> None:
    """Every neuron sends to each core of the target from the core that ``wiring`` says."""
    source, blocks = joined.link.source, len(wiring.chip)
    copies = wiring.copies_of(source)
    shape, tile = wiring.network.shape_of(source), wiring.tiles[source]
    sender = wiring.sender_of(source)[:, :, np.arange(shape[2]) // tile[2]].reshape(len(joined.line), -1)
    senders = wiring.cores_of(source).tolist()
    for number, (synapse, axon_of_line) in joined.synapses.items():
        chip = int(wiring.chip_of[number])
        if number < blocks and not any(copy.chip == chip for copy in copies.values()):
            continue
        for each in senders:
            core = cores[each]
            core.block.axons[:] = [axon for axon in core.block.axons if axon.target is not synapse]
            line = joined.line[core.neurons]
            sends = (sender[core.neurons, chip] == each) & (line >= 0)
            sends[sends] = axon_of_line[line[sends]] >= 0
            if sends.any():
                to = axon_of_line[line[sends]]
                _add_axon(core.block, synapse, core.compartments[sends], to, joined.atom[core.neurons[sends]])


def _add_axon(block: LoihiBlock, synapse: LoihiSynapse, compartments: Int64, to: Int64, atoms: Int64) -> None:
    axon = load_nengo_loihi().block.Axon(len(np.unique(to)), label=f"to {synapse.label}")
    axon.target = synapse
    size = block.compartment.n_compartments
    targets, of_each = np.full(size, -1, np.int64), np.zeros(size, np.int64)
    targets[compartments], of_each[compartments] = to, atoms
    axon.set_compartment_axon_map(targets, atoms=of_each)
    block.add_axon(axon)


def _send_from_host(joined: Joined, model: LoihiModel, blocks: int) -> None:
    """The host sends to the copies too."""
    given = None
    for number, (synapse, axon_of_line) in list(joined.synapses.items()):
        if number < blocks:
            continue
        given = given or _input_of(joined, model)
        axon = load_nengo_loihi().block.Axon(synapse.n_axons, label=f"to {synapse.label}")
        axon.target = synapse
        to = np.where(joined.line >= 0, axon_of_line[np.maximum(joined.line, 0)], -1)
        axon.set_compartment_axon_map(to, atoms=joined.atom)
        given.add_axon(axon)
