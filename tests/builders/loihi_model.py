"""nengo_loihi's own model of a network on given tiles, split into blocks."""

from __future__ import annotations

import nengo
from scipy import sparse

from convert.network import Network, Sparse
from convert.network.nengo_form import nengo_transform
from convert.upstream.nengo_loihi import load_nengo_loihi


def loihi_model(network: Network, tiles: dict[str, tuple[int, int, int]]):
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
