"""Long linear paths: what they would cost as they are, and which sums on them had better be carried by spikes.

A pair of populations costs neurons, a step of lag and the noise of one more layer, so that sums are only chosen where
the network would else be many times the model's own size.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from convert.frontends.keras.layers import SPIKING, is_head, role
from convert.frontends.keras.nodes import called_once, head_of, nodes_of
from convert.frontends.keras.paths.reach import Reach, identity, reach_of, shape_of
from convert.upstream.types import Model, Node, Tensor

LARGE = 4.0
"""Sums are carried where the network would have more than so many times the connections of the model's own layers."""

NEURON = 60
"""A neuron costs as much as so many connections: an update of 81 pJ in every step, beside 23.6 pJ for a synaptic
operation at one spike in 20 steps. Source: Davies et al., IEEE Micro 38(1), 2018, table 2."""

SINGLE = 10
"""A connection that shares no kernel costs as much as so many that do: a core stores some 100,000, each with its
index, so that memory and not neurons fills the cores."""

WORTH = 0.1
"""A pair is made if it saves this share of all that the network costs: it is a step of lag and a layer's noise."""


@dataclass(frozen=True)
class CarriedSums:
    """The layers whose outputs pairs of populations are to carry, and what the network's connections then cost,
    foreseen, of what they would cost without."""

    layers: tuple[str, ...] = ()
    cost_share: float = 1.0


def sums_to_carry(model: Model) -> CarriedSums:
    """The sums of the flat ``model`` (plain ReLUs only) to carry.

    Perhaps none: only where the network would be large, and as long as each pair makes it smaller by a tenth.
    """
    paths = _Paths(model)
    chosen: list[Tensor] = []
    costs = {id(target): paths.cost(target, chosen) for target in paths.targets}
    without = sum(costs.values())
    while without > LARGE * paths.own:
        best, least = None, (1 - WORTH) * sum(costs.values())
        for tensor in paths.candidates:
            if any(tensor is other for other in chosen):
                continue
            after = paths.costs_with(tensor, chosen, costs)
            if sum(after.values()) < least:
                best, least, best_costs = tensor, sum(after.values()), after
        if best is None:
            break
        chosen.append(best)
        costs = best_costs
    carried = {id(tensor) for tensor in chosen}
    layers = tuple(str(node.layer.name) for node in nodes_of(model) if id(node.outputs) in carried)
    return CarriedSums(layers, sum(costs.values()) / without if layers else 1.0)


@dataclass(frozen=True)
class _Paths:
    """The linear paths of ``model``: from ReLUs' outputs to ReLUs' inputs, to outputs, and to carried sums."""

    model: Model
    known: dict[tuple[int, int], Reach] = field(default_factory=dict)
    """Of the layers' calls, by call and input."""
    costs: dict[tuple[int, frozenset[int]], float] = field(default_factory=dict)
    """By target and the carried tensors on its paths."""
    inside: dict[int, dict[int, Tensor]] = field(default_factory=dict)

    @cached_property
    def producers(self) -> dict[int, Node]:
        return {id(node.outputs): node for node in nodes_of(self.model)}

    @cached_property
    def boundary(self) -> set[int]:
        """What no linear path goes beyond: the input and the outputs of ReLUs."""
        relus = {id(node.outputs) for node in nodes_of(self.model) if role(node.layer) == SPIKING}
        return relus | {id(tensor) for tensor in self.model.inputs}

    @cached_property
    def targets(self) -> list[Tensor]:
        drives = [node.keras_inputs[0] for node in nodes_of(self.model) if role(node.layer) == SPIKING]
        return drives + [head_of(output)[0] for output in self.model.outputs]

    @cached_property
    def own(self) -> int:
        """The connections of all layers of the model, one by one."""
        total = 0
        for node in nodes_of(self.model):
            if role(node.layer) != SPIKING and not is_head(node.layer):
                total += sum(self._reach(node, tensor).connections for tensor in node.keras_inputs)
        return total

    @cached_property
    def candidates(self) -> list[Tensor]:
        """Tensors inside linear paths that more than one target takes, none of them from the image alone."""
        users: dict[int, int] = {}
        tensors: dict[int, Tensor] = {}
        ends = {id(target) for target in self.targets}
        for target in self.targets:
            for key, tensor in self._inside(target).items():
                if key != id(target) or key in users:
                    users[key] = users.get(key, 0) + 1
                    tensors[key] = tensor
        image = {id(tensor) for tensor in self.model.inputs}
        return [
            tensor
            for key, tensor in tensors.items()
            if (users[key] > 1 or key not in ends)
            and len(tensor.shape) in (3, 4)
            and called_once(self.producers[key])
            and not image & set(self._sources(tensor))
        ]

    def cost(self, target: Tensor, carried: list[Tensor]) -> float:
        """What the connections into ``target`` cost."""
        inside = self._inside(target)
        key = id(target), frozenset(id(t) for t in carried if id(t) in inside)
        if key not in self.costs:
            self.costs[key] = self._cost(target, carried)
        return self.costs[key]

    def _cost(self, target: Tensor, carried: list[Tensor]) -> float:
        ends = self.boundary | {id(tensor) for tensor in carried if tensor is not target}
        reach: dict[int, Reach] = {id(target): identity(shape_of(target))}
        twice = {id(tensor) for tensor in carried}
        total = 0.0
        for node in self._region(target, ends):
            here = reach.pop(id(node.outputs))
            for tensor in node.keras_inputs:
                path = here.after(self._reach(node, tensor))
                reach[id(tensor)] = path.beside(reach.get(id(tensor)))
        for key, path in reach.items():
            sources = 2 if key in twice and key != id(target) else 1
            total += sources * (path.connections + (SINGLE - 1) * path.singles)
        return total

    def costs_with(self, tensor: Tensor, carried: list[Tensor], costs: Mapping[int, float]) -> dict[int, float]:
        """The costs of all targets if ``tensor`` is carried too."""
        also, found = [*carried, tensor], dict(costs)
        for target in [*self.targets, *carried]:
            if target is not tensor and id(tensor) in self._inside(target):
                shared = 2 if any(target is other for other in carried) else 1
                found[id(target)] = shared * self.cost(target, also)
                if shared == 2:
                    found[id(target)] += self._neurons(target)
        found[id(tensor)] = 2 * self.cost(tensor, also) + self._neurons(tensor)
        return found

    def _reach(self, node: Node, tensor: Tensor) -> Reach:
        key = id(node), id(tensor)
        if key not in self.known:
            self.known[key] = reach_of(node, shape_of(tensor), shape_of(node.outputs))
        return self.known[key]

    def _neurons(self, tensor: Tensor) -> float:
        """The cost of the neurons of a pair."""
        rows, columns, channels = shape_of(tensor)
        return 2.0 * NEURON * rows * columns * channels

    def _inside(self, target: Tensor) -> dict[int, Tensor]:
        """All tensors on linear paths to ``target``, itself included, sources left out."""
        if id(target) in self.inside:
            return self.inside[id(target)]
        found: dict[int, Tensor] = {}
        stack = [target]
        while stack:
            tensor = stack.pop()
            if id(tensor) not in found and id(tensor) not in self.boundary:
                found[id(tensor)] = tensor
                stack.extend(self.producers[id(tensor)].keras_inputs)
        self.inside[id(target)] = found
        return found

    def _sources(self, tensor: Tensor) -> list[int]:
        inside = self._inside(tensor)
        return [id(t) for key in inside for t in self.producers[key].keras_inputs if id(t) in self.boundary]

    def _region(self, target: Tensor, ends: set[int]) -> list[Node]:
        """The calls between ``ends`` and ``target``, the last one first."""
        found: set[int] = set()
        stack = [target]
        while stack:
            tensor = stack.pop()
            if id(tensor) not in found and (id(tensor) not in ends or tensor is target):
                if id(tensor) in self.boundary:
                    continue
                found.add(id(tensor))
                stack.extend(self.producers[id(tensor)].keras_inputs)
        return [node for node in reversed(nodes_of(self.model)) if id(node.outputs) in found]
