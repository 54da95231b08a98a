"""nengo_loihi's own model of a network on given tiles, split into blocks."""

from __future__ import annotations

import nengo
from scipy import sparse

from convert.network.nengo_form import nengo_transform
from convert.network.network import ConvertedNetwork, Sparse
from convert.upstream.nengo_loihi import load_nengo_loihi


def loihi_model(network: ConvertedNetwork, tiles: dict[str, tuple[int, int, int]]):
    """The nengo_loihi model of ``network`` cut by ``tiles``, and the ensemble of each population."""
    nengo_loihi = load_nengo_loihi()
    quiet = nengo.SpikingRectifiedLinear(initial_state={"voltage": nengo.dists.Choice([0])})
    one, zero = nengo.dists.Choice([1.0]), nengo.dists.Choice([0.0])
    with nengo.Network(seed=0) as net:
        nengo_loihi.add_params(net)
        ensembles = {}
        for p in network.populations:
            ensembles[p.name] = nengo.Ensemble(p.neurons, 1, neuron_type=quiet, gain=one, bias=zero, label=p.name)
            net.config[ensembles[p.name]].on_chip = p.on_chip
            if p.on_chip:
                net.config[ensembles[p.name]].block_shape = nengo_loihi.BlockShape(tiles[p.name], p.shape)
        for projection in network.projections[1:]:
            source, target = network.shape_of(projection.source), network.shape_of(projection.target)
            transform = as_nengo(projection.transform, source, target)
            pre, post = ensembles[projection.source].neurons, ensembles[projection.target].neurons
            nengo.Connection(pre, post, transform=transform, synapse=None)
    model = nengo_loihi.builder.Model(dt=0.001)
    model.build(net, discretize=False)
    return model, ensembles


def as_nengo(transform, source, target):
    if isinstance(transform, Sparse):
        return nengo.transforms.Sparse(transform.matrix.shape, init=sparse.csr_matrix(transform.matrix))
    return nengo_transform(transform, source, target)


def assert_equal(network: ConvertedNetwork, tiles: dict[str, tuple[int, int, int]]) -> None:
    model, ensembles = loihi_model(network, tiles)
    links = chip_links(network)
    for p in network.chip_populations:
        blocks = model.objs[ensembles[p.name]]["in"]
        blocks = blocks if isinstance(blocks, list) else [blocks]
        theirs = [[used for used, _ in block.utilization().values()] for block in blocks]
        ours = utilization(p, links, tiles, LOIHI)
        mine = np.stack([ours.compartments, ours.in_axons, ours.out_slots, ours.synapse_bits], axis=1)
        np.testing.assert_array_equal(mine, theirs, err_msg=f"{p.name} {p.shape} {tiles}")


def conv(size, channels_in, channels_out, stride=1, padding="same"):
    return convolution(RNG, size, (channels_in, channels_out), stride, padding)


def up(size, channels_in, channels_out, padding="same"):
    return transposed(RNG, size, (channels_in, channels_out), 2, padding)


CASES = {
    "3x3": (
        chain([(9, 8, 2), (9, 8, 5), (9, 8, 6)], {(0, 1): conv(3, 2, 5), (1, 2): conv(3, 5, 6)}),
        [((4, 3, 2), (2, 8, 6)), ((9, 1, 5), (3, 3, 4)), ((9, 8, 5), (9, 8, 6))],
    ),
    "5x5 valid": (
        chain(
            [(9, 9, 3), (5, 5, 4), (3, 3, 9)],
            {(0, 1): conv(5, 3, 4, padding="valid"), (1, 2): conv(3, 4, 9, padding="valid")},
        ),
        [((2, 3, 3), (3, 2, 4)), ((5, 5, 4), (1, 3, 9))],
    ),
    "stride 2": (
        chain([(8, 9, 2), (4, 5, 6), (2, 3, 8)], {(0, 1): conv(3, 2, 6, 2), (1, 2): conv(1, 6, 8, 2)}),
        [((2, 2, 6), (1, 2, 5)), ((3, 5, 4), (2, 3, 8)), ((4, 5, 6), (1, 1, 8))],
    ),
    "even kernel": (
        chain([(8, 8, 2), (8, 8, 4), (4, 4, 4)], {(0, 1): conv(2, 2, 4), (1, 2): conv(4, 4, 4, 2)}),
        [((3, 8, 4), (2, 2, 3))],
    ),
    "transposed": (
        chain([(4, 5, 3), (8, 10, 4), (16, 20, 3)], {(0, 1): up(2, 3, 4), (1, 2): up(3, 4, 3)}),
        [((4, 5, 4), (5, 7, 2)), ((8, 10, 4), (16, 1, 3))],
    ),
    "transposed 4x4": (
        chain([(4, 4, 3), (8, 8, 4), (8, 8, 4)], {(0, 1): up(4, 3, 4), (1, 2): conv(3, 4, 4)}),
        [((2, 8, 4), (4, 4, 1)), ((3, 3, 3), (8, 8, 4))],
    ),
    "transposed valid": (chain([(3, 3, 3), (7, 7, 4)], {(0, 1): up(3, 3, 4, "valid")}), [((4, 3, 4),), ((7, 7, 4),)]),
    "shortcut": (
        chain(
            [(6, 6, 4)] * 4,
            {(0, 1): conv(3, 4, 4), (1, 2): conv(3, 4, 4), (2, 3): conv(3, 4, 4), (1, 3): identity((6, 6, 4))},
        ),
        [((3, 3, 4), (2, 6, 2), (4, 3, 3)), ((6, 6, 4), (6, 6, 4), (6, 6, 4))],
    ),
    "offset 256": (
        chain([(4, 16, 3), (4, 16, 16), (4, 16, 12)], {(0, 1): conv(3, 3, 16), (1, 2): conv(3, 16, 12)}),
        [((4, 16, 16), (4, 8, 12)), ((4, 4, 16), (4, 16, 12)), ((1, 16, 16), (4, 1, 12))],
    ),
}
