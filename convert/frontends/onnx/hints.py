"""Operators of ONNX that do not convert: why, and the way out."""

from __future__ import annotations

CURVE = "a rate has no curve below zero, only a slope; train with ReLU, ReLU6 or LeakyReLU"
EACH_IMAGE = "it depends on each image; use BatchNorm"
GATES = "its gates multiply, and one image is shown at a time; use Conv1d, Conv2d or Linear"
FLOAT = "a model in whole numbers; give the float model, or one quantized in the QDQ format"
PART = "what the host computes ends before it; cut the model there with onnx.utils.extract_model"
BRANCH = "a branch or loop in the graph; export with fixed sizes, after model.eval(), by torch.onnx.export"
PRODUCT = "spikes are added, not multiplied; use Add or Concat"

HINTS = {
    **dict.fromkeys(
        ("Elu", "Selu", "Celu", "Gelu", "HardSigmoid", "HardSwish", "Mish", "Swish", "Erf", "Shrink"), CURVE
    ),
    "ThresholdedRelu": "a ReLU jumps at a threshold; train with Relu",
    **dict.fromkeys(
        ("InstanceNormalization", "LayerNormalization", "GroupNormalization", "LRN", "LpNormalization",
         "MeanVarianceNormalization", "RMSNormalization", "SimplifiedLayerNormalization"), EACH_IMAGE),
    **dict.fromkeys(("LSTM", "GRU", "RNN"), GATES),
    **dict.fromkeys(("If", "Loop", "Scan", "SequenceAt", "SplitToSequence", "ConcatFromSequence"), BRANCH),
    **dict.fromkeys(
        ("QLinearConv", "QLinearMatMul", "QLinearAdd", "QLinearGlobalAveragePool", "ConvInteger", "MatMulInteger",
         "DynamicQuantizeLinear"), FLOAT),
    **dict.fromkeys(("ArgMax", "ArgMin", "TopK", "NonMaxSuppression"), PART),
    "LogSoftmax": "the host has no logarithm; export the model without it: the largest output stays the largest",
    "Hardmax": PART,
    **dict.fromkeys(("Einsum", "Attention", "MultiHeadAttention", "Pow"), PRODUCT),
    "LpPool": "it squares; use AvgPool2d",
    "MaxUnpool": "it needs the places of maxima; use ConvTranspose2d or Upsample",
    "FusedConv": "onnxruntime has optimized this file; give the one of before",
    "GridSample": "where it looks depends on the image; use Upsample",
    "Tile": "use Concat of the same tensor",
    "Expand": "use Upsample, or train without it",
}  # fmt: skip
"""Operators that often occur: why they do not convert, and what to use."""

OTHERWISE = (
    "no conversion is known for this operator; use Conv, ConvTranspose, Gemm, BatchNormalization, Relu, Add, Concat, "
    "AveragePool, Resize"
)
