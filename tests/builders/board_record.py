"""What a stand-in for NxSDK has recorded of an upload, held against the integers of the exact emulator."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np

from convert.bundle import PARTITION, load_network
from convert.network import INPUT
from deploy.emulator import compile_network
from deploy.emulator.encode import drives_hz
from deploy.emulator.integers import discretize
from deploy.nengo_loihi.build import chip_form, simulator
from partition.result import read_partition

from .nxsdk_stand_in import stand_in, uploaded_neurons, uploaded_weights
from .random_networks import Case
from .reference_emulator import fast_weights, neuron_places


def bundle_case(bundle: Path) -> Case:
    """The network of a bundle on its partition, shown a black image."""
    network = load_network(bundle)
    drives = drives_hz(network, np.zeros((1, *network.input.shape)))
    return Case(network, read_partition(bundle / PARTITION), drives)


def uploaded(case: Case, monkeypatch):
    """The board that the case was uploaded to, and nengo_loihi's model of it."""
    boards = stand_in(monkeypatch)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        chip = chip_form(case.network, case.partition, case.drives_hz)
        sim = simulator(chip, case.network, case.partition, target="loihi", precompute=True)
        sim.close()
    (board,) = boards
    return board, sim.model


def board_order(case: Case) -> list[int]:
    """The block of each core of the board, core after core: the allocator keeps chips and cores in order."""
    blocks = case.partition.blocks
    return sorted(range(len(blocks)), key=lambda k: (blocks[k].chip, blocks[k].core))


def neurons_on_board(case: Case, model) -> dict[str, np.ndarray]:
    """For each chip population the compartment of every neuron, counted through all cores of the board."""
    sizes = [block.n_neurons for block in model.blocks]
    by_block = np.cumsum([0, *sizes])
    on_board = np.empty(by_block[-1], np.int64)
    start = 0
    for block in board_order(case):
        on_board[by_block[block] : by_block[block + 1]] = start + np.arange(sizes[block])
        start += sizes[block]
    return {name: on_board[places] for name, places in neuron_places(case, model).items()}


def assert_record_is_the_emulators(case: Case, monkeypatch, each: int | None = None) -> int:
    """Compares all neurons, and all weights, or those of ``each`` neurons of every population; returns the weights that
    are not 0."""
    board, model = uploaded(case, monkeypatch)
    places = neurons_on_board(case, model)
    rows = np.concatenate(uploaded_neurons(board))
    for name, integers in discretize(case.network, case.partition.tiles).items():
        vth, bias, decay_u, decay_v, vmin = rows[places[name]].T
        np.testing.assert_array_equal(vth, integers.vth.ravel())
        np.testing.assert_array_equal(bias, integers.bias.ravel())
        np.testing.assert_array_equal(vmin, integers.vmin.ravel())
        assert set(decay_u) == {integers.decay_u}
        assert set(decay_v) == {integers.decay_v}
    rng = np.random.default_rng(0)
    chosen = {
        p.name: np.sort(rng.permutation(p.neurons)[: p.neurons if each is None else each])
        for p in case.network.populations
    }
    sizes = [spikes.n_neurons for spikes in model.inputs]
    expected = fast_weights(compile_network(case.network, case.partition), chosen)
    numbers = {key: [of[chosen[key[0]]] for of in _on_board(case, places, sizes, len(rows), *key)] for key in expected}
    sources = np.unique(np.concatenate([of for some in numbers.values() for of in some]))
    recorded = uploaded_weights(board, sizes, sources)
    for key, weights in expected.items():
        found = sum(recorded[np.searchsorted(sources, of)][:, places[key[1]]] for of in numbers[key])
        np.testing.assert_array_equal(found, weights)
    return sum(int(np.count_nonzero(weights)) for weights in expected.values())


def _on_board(case, places, sizes, compartments, source, target) -> list[np.ndarray]:
    """The numbers that the neurons of ``source`` have as sources into ``target``, for each link between the two."""
    if source in places:
        return [places[source]]
    starts = compartments + np.cumsum([0, *sizes])
    sent = [(p.source, p.target) for p in case.network.projections if p.source not in places and p.target in places]
    sent = [(p, t) for p, t in sent if p != INPUT]
    return [starts[k] + np.arange(sizes[k]) for k, link in enumerate(sent) if link == (source, target)]
