"""Names for objects of packages without types: what they are stands here, and ``Any`` nowhere else but beside them."""

from __future__ import annotations

from typing import Any

# tf-keras and TensorFlow
KerasModel = Any
KerasLayer = Any
KerasNode = Any
"""A call of a layer in a model's graph."""
TensorFlow = Any
"""The module."""
Tensor = Any

# LiteRT
LiteRtTensor = Any
"""A tensor's numbers, or what the interpreter tells of it."""

# nengo_loihi and nengo
Module = Any
"""The package."""
LoihiProbe = Any
LoihiRows = Any
"""What probes record, shape (steps, compartments): booleans or integers."""
LoihiModel = Any
"""A ``nengo_loihi.builder.Model``."""
LoihiSimulator = Any
LoihiBoard = Any
LoihiBlock = Any
LoihiCompartment = Any
LoihiSynapse = Any
LoihiAxons = Any
LoihiWeights = Any
"""The integers of one list of synapses, shape (atoms, targets), or of one compartment, (atoms,)."""
LoihiSpikes = Any
"""What the host sends to the chip in a step."""
Ensemble = Any
NengoNeurons = Any
Probe = Any

# Numba and LLVM
NumbaContext = Any
NumbaTyping = Any
NumbaType = Any
NumbaSignature = Any
LlvmBuilder = Any
LlvmValue = Any
"""The result of an instruction."""

# Matplotlib
Axes = Any
Figure = Any

# Dask
DaskClient = Any
"""A ``distributed.Client``."""
DaskFuture = Any

# PyArrow
Arrow = Any
"""The module, or that of Parquet files."""
ArrowType = Any

# NxSDK
NxsdkBoard = Any
