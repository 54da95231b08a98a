"""Names for objects of packages without types: a type checker sees Any, a reader sees what it is."""

from __future__ import annotations

from typing import Any, TypeAlias

from numpy.typing import NDArray

Module: TypeAlias = Any
"""An imported module."""
Model: TypeAlias = Any
"""A model of Keras 2 or 3."""
Layer: TypeAlias = Any
"""A Keras layer, or an operation of Keras 3."""
Node: TypeAlias = Any
"""A call of a layer in a model's graph."""
Tensor: TypeAlias = Any
"""A tensor of TensorFlow or Keras, or what becomes one: an array, a list of tensors."""
Optimizer: TypeAlias = Any
Initializer: TypeAlias = Any
Config: TypeAlias = dict[str, Any]
"""The arguments of a layer, as Keras saves them."""

NengoObject: TypeAlias = Any
"""A network, node, ensemble, connection, probe, transform or neuron type of Nengo."""
LoihiObject: TypeAlias = Any
"""A model, block, synapse, axon or simulator of NengoLoihi."""

Axes: TypeAlias = Any
Figure: TypeAlias = Any
"""Of matplotlib."""

Values: TypeAlias = NDArray[Any]
"""An array of whatever numbers a user saved."""
