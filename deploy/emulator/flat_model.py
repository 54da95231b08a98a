"""Any built nengo_loihi ``Model`` of integers -> flat arrays.

What reaches a compartment is kept as nengo_loihi keeps it: weights shared by many axons, moved by a base.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from convert.errors import UserError
from deploy.arrays import Int32, Int64
from deploy.foreign import LoihiAxons, LoihiBlock, LoihiModel, LoihiSynapse, LoihiWeights


@dataclass(frozen=True)
class FlatModel:
    """A model's compartments one after another, then the neurons of its inputs: N compartments, M sources in all.

    Source n has the lines ``fan_pointer[n]`` to ``... + 1``; line l adds ``weights`` to ``targets`` from
    ``row_pointer[fan_row[l]]`` to ``... + 1``, moved by ``fan_base[l]``. ``inputs`` are the inputs' first sources.
    """

    compartments: int
    inputs: Int64
    fan_pointer: Int64
    fan_row: Int64
    fan_base: Int64
    row_pointer: Int64
    targets: Int32
    weights: Int32
    vth: Int32
    vmin: Int32
    vmax: Int32
    bias: Int32
    decay_u: Int32
    decay_v: Int32
    refractory: Int32

    @property
    def sources(self) -> int:
        return len(self.fan_pointer) - 1


def flatten_model(model: LoihiModel) -> FlatModel:
    """The arrays of a built ``nengo_loihi.builder.Model``; learning, noise and undiscretized models are refused."""
    blocks = list(model.blocks)
    _check(blocks)
    sizes = [block.compartment.n_compartments for block in blocks]
    first = dict(zip(blocks, _starts(sizes), strict=True))
    n = sum(sizes)
    rows = _Rows(n)
    for block in blocks:
        for synapse in block.synapses:
            rows.add(synapse, int(first[block]))
    inputs = list(model.inputs)
    heads = _starts([spikes.n_neurons for spikes in inputs]) + n
    fans = [rows.fan(block.axons, size, int(first[block])) for block, size in zip(blocks, sizes, strict=True)]
    fans += [rows.fan(spikes.axons, spikes.n_neurons, int(head)) for spikes, head in zip(inputs, heads, strict=True)]
    source, row, base = (np.concatenate([np.zeros(0, np.int64), *(fan[i] for fan in fans)]) for i in range(3))
    order = np.argsort(source, kind="stable")
    total = n + sum(spikes.n_neurons for spikes in inputs)
    parameters = {name: _joined(blocks, attribute) for name, attribute in _ATTRIBUTES.items()}
    return FlatModel(
        compartments=n,
        inputs=heads,
        fan_pointer=np.searchsorted(source[order], np.arange(total + 1)),
        fan_row=row[order],
        fan_base=base[order],
        row_pointer=np.cumsum([0, *map(len, rows.weights)], dtype=np.int64),
        targets=np.concatenate([np.zeros(0, np.int32), *rows.targets]).astype(np.int32),
        weights=np.concatenate([np.zeros(0, np.int32), *rows.weights]).astype(np.int32),
        **parameters,
    )


_ATTRIBUTES = {
    "vth": "vth",
    "vmin": "vmin",
    "vmax": "vmax",
    "bias": "bias",
    "decay_u": "decay_u",
    "decay_v": "decay_v",
    "refractory": "refract_delay",
}


class _Rows:
    """Weights and targets of every (synapse, weight set, atom), collected once; targets count from the whole model."""

    def __init__(self, compartments: int) -> None:
        self.weights: list[LoihiWeights] = []
        self.targets: list[Int64] = []
        self._first: dict[int, Int64] = {}
        self._block: dict[int, int] = {}

    def add(self, synapse: LoihiSynapse, first_compartment: int) -> None:
        starts = len(self.weights) + _starts([len(weights) for weights in synapse.weights])
        self._first[id(synapse)], self._block[id(synapse)] = starts, first_compartment
        for weights, indices in zip(synapse.weights, synapse.indices, strict=True):
            self.weights += list(weights)
            self.targets += list(indices)

    def fan(self, axons: LoihiAxons, size: int, first_source: int) -> tuple[Int64, Int64, Int64]:
        """Sources, rows and bases of what these axons, of ``size`` neurons, reach."""
        lines = [np.zeros((3, 0), np.int64)]
        neurons = np.arange(size)
        for axon in axons:
            synapse = axon.target
            to, atom = np.asarray(axon.map_axon(neurons)), np.asarray(axon.map_atoms(neurons))
            used = to >= 0
            to, atom, who = to[used], atom[used], neurons[used]
            bases = synapse.axon_compartment_bases
            base = np.zeros(len(to), np.int64) if bases is None else np.asarray(bases)[to]
            shared = synapse.axon_to_weight_map
            row = self._first[id(synapse)][to if shared is None else np.asarray(shared)[to]] + atom
            reached = base >= 0
            lines.append(np.stack([who + first_source, row, base + self._block[id(synapse)]])[:, reached])
        source, row, base = np.concatenate(lines, axis=1)
        return source, row, base


def _starts(sizes: Sequence[int]) -> Int64:
    return np.cumsum([0, *sizes], dtype=np.int64)[:-1]


def _joined(blocks: Sequence[LoihiBlock], attribute: str) -> Int32:
    sizes = [block.compartment.n_compartments for block in blocks]
    values = [np.broadcast_to(getattr(b.compartment, attribute), (s,)) for b, s in zip(blocks, sizes, strict=True)]
    return np.concatenate(values).astype(np.int32)


def _check(blocks: Sequence[LoihiBlock]) -> None:
    problems = []
    if not blocks:
        problems.append("the model has no neurons on the chip")
    if any(block.compartment.vth.dtype != np.int32 for block in blocks):
        problems.append("the model is not discretized: build it with discretize=True")
    for block in blocks:
        if np.any(block.compartment.enable_noise):
            problems.append(f"{block}: noise is on; the fast emulator has none: run it in nengo_loihi")
        if any(synapse.learning for synapse in block.synapses):
            problems.append(f"{block}: its synapses learn; the fast emulator's do not: run it in nengo_loihi")
        if any(_twice(indices) for synapse in block.synapses for indices in synapse.indices):
            problems.append(
                f"{block}: a spike reaches one of its compartments twice, of which nengo_loihi adds one weight and a "
                "chip both: add the two weights up"
            )
    if problems:
        raise UserError(problems)


def _twice(indices: LoihiWeights) -> bool:
    """Whether one row names a compartment twice."""
    return bool((np.diff(np.sort(indices, axis=-1), axis=-1) == 0).any())
