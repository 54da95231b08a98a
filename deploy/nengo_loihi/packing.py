"""Packs nengo_loihi's blocks: neurons to the compartments that the partition says, synapse lists shared accordingly.

nengo_loihi cuts synapse lists at the border of a block and stores every cut. Where unused compartments lie beside the
neurons, all lists of a kind (same taps before the cut) become one, which holds every weight that any of them holds;
what reaches over the border adds to compartments that nobody reads. Weights that are 0 are left out of a list, as many
for each of a pixel's channels. Integers stay as they are, discretized before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import singledispatch

import numpy as np

from convert.network import Network
from deploy.arrays import Bool, Int64
from deploy.foreign import Ensemble, LoihiBlock, LoihiModel, LoihiSynapse, LoihiWeights
from partition.core.packing import PLAIN, Packing
from partition.geometry.links import KernelLink, Link, MatrixLink, links_onto_chip, reach
from partition.geometry.tile import Tile
from partition.hardware import LOIHI
from partition.result import Block, Partition


def pack_blocks(model: LoihiModel, network: Network, partition: Partition, ensembles: Mapping[str, Ensemble]) -> None:
    """Packs the blocks of every population that is not packed nengo_loihi's way, in place."""
    links = links_onto_chip(network)
    moved: dict[LoihiBlock, Int64] = {}
    for population in network.chip_populations:
        packing, tile = partition.packing(population.name), partition.tiles[population.name]
        built = model.objs[ensembles[population.name]]["in"]
        inward = [link for link in links if link.target == population.name]
        blocks = built if isinstance(built, list) else [built]
        for block, plan in zip(blocks, partition.blocks_of(population.name), strict=True):
            if packing != PLAIN:
                moved[block] = _pack(block, plan, packing, tile, inward)
            for synapse, link in synapses_of(block, plan, inward):
                leave_out_zeros(synapse, link, plan, tile)
    for probe in model.probes:
        for i, block in enumerate(probe.target):
            if block in moved:
                probe.slice[i] = moved[block][probe.slice[i]]


def compartments_of(plan: Block, packing: Packing) -> Int64:
    """The compartment of each neuron of a block, flat and channels last."""
    return np.asarray(packing.places(plan.extent).ravel())


def _pack(block: LoihiBlock, plan: Block, packing: Packing, tile: Tile, inward: Sequence[Link]) -> Int64:
    """The compartment of each neuron of the block, which has been packed."""
    places, extent = compartments_of(plan, packing), plan.extent
    size = packing.compartments(extent)
    compartment = block.compartment
    for name in ("decay_u", "decay_v", "refract_delay", "vth", "bias", "enable_noise"):
        old = getattr(compartment, name)
        new = np.full(size, 0 if name == "bias" else old[0], old.dtype)
        new[places] = old
        setattr(compartment, name, new)
    compartment.n_compartments = block.n_neurons = size
    for axon in block.axons:
        for name, unused in (("compartment_map", -1), ("compartment_atoms", 0)):
            new = np.full(size, unused, np.int64)
            new[places] = getattr(axon, name)
            setattr(axon, name, new)
    for synapse, link in synapses_of(block, plan, inward):
        _pack_synapse(link, synapse, plan, packing, tile, places)
    return places


def synapses_of(block: LoihiBlock, plan: Block, inward: Sequence[Link]) -> list[tuple[LoihiSynapse, Link]]:
    """The synapses of a block, each with its link."""
    if len(block.synapses) < len(inward):  # nengo_loihi leaves out what does not reach a block
        inward = [link for link in inward if _reaches(link, plan)]
    return list(zip(block.synapses, inward, strict=True))


def leave_out_zeros(synapse: LoihiSynapse, link: Link, plan: Block, tile: Tile) -> None:
    """Shortens each list of a shared kernel to the weights of its fullest tap, for each of its taps."""
    if not isinstance(link, KernelLink):
        return
    first, end = plan.slice[2]
    channels, stored = end - first, int(link.depths(tile[2])[first // tile[2]])
    if stored == channels:
        return
    weights, indices = [], []
    for of_list, places in zip(synapse.weights, synapse.indices, strict=True):
        length = of_list.shape[1] // channels * stored
        chosen = np.sort(np.argsort(of_list == 0, axis=1, kind="stable")[:, :length], axis=1)
        weights.append(np.take_along_axis(of_list, chosen, axis=1))
        indices.append(np.take_along_axis(places, chosen, axis=1))
    form = synapse.synapse_cfg
    index_bits = form.idx_bits
    synapse._set_weights_indices(weights, indices, weight_dtype=synapse.weights[0].dtype, compression=form.compression)
    synapse.format(idx_bits=index_bits)  # as wide as for whole lists, so that one width suits whatever is left out


@singledispatch
def _pack_synapse(link: Link, synapse: LoihiSynapse, plan: Block, packing: Packing, tile: Tile, places: Int64) -> None:
    """Points the weights of a block's synapse to the ``places`` of its neurons."""
    raise TypeError(f"no synapse of a {type(link).__name__}")


@_pack_synapse.register
def _(link: MatrixLink, synapse: LoihiSynapse, plan: Block, packing: Packing, tile: Tile, places: Int64) -> None:
    synapse.indices = [places[indices].astype(np.int32) for indices in synapse.indices]
    synapse.format(idx_bits=synapse.idx_bits())


@_pack_synapse.register
def _(link: KernelLink, synapse: LoihiSynapse, plan: Block, packing: Packing, tile: Tile, places: Int64) -> None:
    """Gives every axon of a synapse the list of its kind, counted from the first target of that list."""
    extent = plan.extent
    kind_of, first_target = synapse_lists(link, plan, packing, tile)
    used = axon_pixels(link, plan, synapse.n_axons)
    weights_of: dict[tuple[int, int], dict[int, LoihiWeights]] = {}
    known: set[tuple[int, ...]] = set()
    origins = np.zeros(synapse.n_axons, np.int64)
    for axon, pixel in enumerate(used):
        base = synapse.axon_compartment_base(axon)
        if base is None:
            origins[axon] = -1
            continue
        row, column = first_target[0][pixel[0]], first_target[1][pixel[1]]
        origins[axon] = packing.place(extent, row, column, 0)
        kind = (int(kind_of[0][pixel[0]]), int(kind_of[1][pixel[1]]))
        old = synapse.axon_weight_idx(axon)
        relative = places[base + synapse.indices[old][0]] - origins[axon]
        key = (*kind, old, int(relative[0]))
        if key not in known:
            known.add(key)
            weights_of.setdefault(kind, {}).update(zip(relative.tolist(), synapse.weights[old].T, strict=True))
    set_lists(synapse, [(int(kind_of[0][y]), int(kind_of[1][x])) for y, x in used], origins, weights_of)


def set_lists(
    synapse: LoihiSynapse,
    kinds: Sequence[tuple[int, int]],
    origins: Int64,
    weights_of: Mapping[tuple[int, int], Mapping[int, LoihiWeights]],
) -> None:
    """Stores each list once for every whole number of offsets by which an axon moves it."""
    offset = LOIHI.axon_offset
    number: dict[tuple[int, int, int], int] = {}
    weights: list[LoihiWeights] = []
    indices: list[Int64] = []
    list_of = np.zeros(synapse.n_axons, np.int64)
    bases = np.full(synapse.n_axons, -1, np.int64)
    for axon, (kind, origin) in enumerate(zip(kinds, origins.tolist(), strict=True)):
        if origin < 0:
            continue
        key = (*kind, origin // offset)
        if key not in number:
            number[key] = len(weights)
            relative = sorted(weights_of[kind])
            columns = np.stack([weights_of[kind][place] for place in relative], axis=1)
            weights.append(columns)
            indices.append(np.tile(np.array(relative) + origin // offset * offset, (len(columns), 1)))
        list_of[axon], bases[axon] = number[key], origin % offset
    dtype, compression = synapse.weights[0].dtype, synapse.synapse_cfg.compression
    synapse._set_weights_indices(weights, indices, weight_dtype=dtype, compression=compression)
    synapse.axon_to_weight_map, synapse.axon_compartment_bases = list_of, bases


def synapse_lists(link: KernelLink, plan: Block, packing: Packing, tile: Tile) -> tuple[list[Int64], list[Int64]]:
    """For rows and columns of the source: the kind of list of each position that reaches the block, and its first
    target, counted from the block's corner; 0 elsewhere."""
    kinds, firsts = [], []
    for axis, whole in ((0, any(packing.rows)), (1, any(packing.columns))):
        found, of_tile = link.intervals(axis, tile[axis], whole=whole)
        number = plan.slice[axis][0] // tile[axis]
        reached = _reached(link, axis, plan)
        kind, first = (np.zeros(link.source_shape[axis], np.int64) for _ in range(2))
        kind[reached] = found[of_tile[number]].kind
        first[reached] = found[of_tile[number]].base
        kinds.append(kind)
        firsts.append(first)
    return kinds, firsts


def _reached(link: KernelLink, axis: int, plan: Block) -> Bool:
    start, end = plan.slice[axis]
    return np.asarray(reach(link.taps(axis)[:, start:end], end - start)[:, 0])


@singledispatch
def _reaches(link: Link, plan: Block) -> bool:
    """Whether any source neuron has a synapse into the block."""
    raise TypeError(f"no synapses of a {type(link).__name__}")


@_reaches.register
def _(link: MatrixLink, plan: Block) -> bool:
    neurons = np.arange(np.prod(link.target_shape)).reshape(link.target_shape)
    own = neurons[tuple(slice(*ends) for ends in plan.slice)].ravel()
    return bool(np.diff(link.matrix.indptr)[own].any())


@_reaches.register
def _(link: KernelLink, plan: Block) -> bool:
    return all(_reached(link, axis, plan).any() for axis in (0, 1))


def axon_pixels(link: KernelLink, plan: Block, axons: int) -> list[tuple[int, int]]:
    """The source pixel of each axon of the block: those that reach it, or all if it is the population's only one."""
    rows, columns = (_reached(link, axis, plan) for axis in (0, 1))
    reaching = np.argwhere(rows[:, None] & columns[None, :])
    if len(reaching) != axons:
        reaching = np.array([(y, x) for y in link.seen[0] for x in link.seen[1]])
    assert len(reaching) == axons
    return [(y, x) for y, x in reaching.tolist()]
