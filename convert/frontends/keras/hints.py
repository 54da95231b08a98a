"""Layers that do not convert: why, and the way out."""

from __future__ import annotations

FREEZE = "fix its mask at the mean with freeze-attention"
ON_HOST = "or let the host run it and all that follows: --host-from LAYER"

HINTS = {
    "ELU": "a rate has no curve below zero, only a slope; use LeakyReLU or ReLU",
    "Multiply": f"spikes are added, not multiplied; use Add or Concatenate, train without the gate, "
    f"{FREEZE}, {ON_HOST}",
    "Dot": "spikes are added, not multiplied; use Add or Concatenate",
    "AdditiveAttention": f"it multiplies activations; use Conv2D, {ON_HOST}",
    "RMSNormalization": "it depends on each image; use BatchNormalization",
    "UnitNormalization": "it depends on each image; use BatchNormalization",
    "LayerNormalization": "it depends on each image; use BatchNormalization",
    "GroupNormalization": "it depends on each image; use BatchNormalization",
    "AdaptiveAveragePooling2D": "its windows are of unlike sizes; use an output_size that divides rows and columns",
    "AdaptiveMaxPooling2D": "a maximum of spike rates is not a sum of spikes; use AveragePooling2D",
    "Lambda": "its code cannot be looked into; write it with Keras layers",
    "Resizing": "it interpolates, and only to a whole multiple of the rows and columns that converts; "
    "use UpSampling2D, or remove the layer and resize the images of the data to its size",
    "CenterCrop": "it enlarges smaller images; remove the layer and resize the images of the data to its size",
    "RandomCrop": "at inference it resizes; remove the layer and resize the images of the data to its size",
    "SpectralNormalization": "only training needs it; rebuild the model with the layer inside it, which has the "
    "normalized weights",
    "TimeDistributed": "one image is shown at a time; use the layer inside it",
    "MultiHeadAttention": f"it multiplies activations; use Conv2D, {ON_HOST}",
    "Attention": f"it multiplies activations; use Conv2D, {ON_HOST}",
    "LSTM": "its gates multiply, and one image is shown at a time; use Conv1D, Conv2D or Dense",
    "GRU": "its gates multiply, and one image is shown at a time; use Conv1D, Conv2D or Dense",
    "Bidirectional": "its gates multiply, and one image is shown at a time; use Conv1D, Conv2D or Dense",
    "SimpleRNN": "one image is shown at a time; use Conv1D, Conv2D or Dense",
    "ConvLSTM2D": "its gates multiply, and one image is shown at a time; use Conv2D",
    "Embedding": "it looks words up, which is no sum; give the model the vectors themselves as its input",
}
"""Classes that often occur and do not convert: why, and what to use."""

_FLOAT = "it quantizes in training; give the float model of before quantize_model or quantize_apply"
WRAPPERS = {
    "PruneLowMagnitude": "it prunes in training; save tfmot.sparsity.keras.strip_pruning(model)",
    "ClusterWeights": "it clusters in training; save tfmot.clustering.keras.strip_clustering(model)",
    "QuantizeWrapper": _FLOAT,
    "QuantizeWrapperV2": _FLOAT,
    "QuantizeLayer": _FLOAT,
    "QuantizeAnnotate": _FLOAT,
    "TensorFlowOpLayer": "an operation as Keras of TensorFlow 2.3 and older saved it; build the model again with a "
    "newer one, load the weights and save it",
}
"""Classes of other packages and of old ones: why they do not convert, and the way out."""
