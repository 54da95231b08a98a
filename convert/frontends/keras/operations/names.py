"""Operations on tensors by name: which of them convert, and what to use instead of the others."""

from __future__ import annotations

NAMES = {
    "add": ("Add", "__operators__.add", "math.add", "AddV2", "nn.bias_add"),
    "subtract": ("Subtract", "math.subtract"),
    "multiply": ("Multiply", "math.multiply"),
    "divide": ("TrueDivide", "Divide", "math.truediv", "math.divide"),
    "negative": ("Negative", "math.negative"),
    "add_n": ("math.add_n",),
    "relu": ("Relu", "ReLU", "nn.relu"),
    "relu6": ("Relu6", "nn.relu6"),
    "leaky_relu": ("LeakyRelu", "nn.leaky_relu"),
    "softmax": ("Softmax", "nn.softmax"),
    "sigmoid": ("Sigmoid", "math.sigmoid", "nn.sigmoid"),
    "tanh": ("Tanh", "math.tanh", "nn.tanh"),
    "softplus": ("Softplus", "math.softplus", "nn.softplus"),
    "softsign": ("Softsign", "math.softsign", "nn.softsign"),
    "concatenate": ("Concatenate", "concat"),
    "stack": ("Stack", "stack"),
    "mean": ("Mean", "math.reduce_mean"),
    "sum": ("Sum", "math.reduce_sum"),
    "same": ("Cast", "cast", "Identity", "identity", "StopGradient", "stop_gradient", "Copy"),
    "shape": ("Reshape", "reshape", "ExpandDims", "expand_dims", "Squeeze", "squeeze"),
    "choice": ("GetItem", "__operators__.getitem"),
    "flip": ("Flip", "reverse"),
    "split": ("Split", "split", "ArraySplit"),
    "unstack": ("Unstack", "unstack"),
    "pad": ("Pad", "compat.v1.pad"),
    "transpose": ("Transpose", "compat.v1.transpose", "Swapaxes", "Moveaxis"),
    "depth_to_space": ("DepthToSpace", "nn.depth_to_space", "compat.v1.nn.depth_to_space"),
    "space_to_depth": ("SpaceToDepth", "nn.space_to_depth", "compat.v1.nn.space_to_depth"),
    "resize": ("Resize", "image.resize"),
    "repeat": ("Repeat", "repeat"),
    "tile": ("Tile", "tile"),
    "pool": ("AveragePool", "nn.avg_pool", "nn.avg_pool2d"),
    "matmul": ("Matmul", "linalg.matmul"),
    "zeros": ("ZerosLike", "zeros_like"),
    "absolute": ("Absolute", "Abs", "math.abs"),
    "maximum": ("Maximum", "math.maximum"),
    "minimum": ("Minimum", "math.minimum"),
    "clip": ("Clip", "clip_by_value"),
}
"""What converts: classes of Keras 3 operations, and symbols of tf-keras' ``TFOpLambda``, by what they do."""

KINDS = {name: kind for kind, names in NAMES.items() for name in names}

WRITTEN = (
    "`x + y`, `x - y`; `+`, `-`, `*`, `/` with a number or an array that leaves the shape as it is; relu, relu6, "
    "leaky_relu, abs, clip, maximum, minimum; concatenate, stack, add_n, mean and sum over rows, columns and channels, "
    "or over steps; `x[...]` and flips of channels, split, unstack, reshape, transpose, depth_to_space, "
    "space_to_depth, pad with zeros, zeros_like, resize to a whole multiple, repeat, tile, average_pool, matmul with "
    "an array, cast"
)
"""The same for people; what the host computes at an output besides."""

MAXIMUM = "a maximum of spike rates is not a sum of spikes; use a mean"

CONSTANTS = "only tensors of the model can be joined; give the constants as channels of the image"

PRODUCTS = (
    *("matmul", "Einsum", "Dot", "Square", "Sqrt", "Rsqrt", "Power", "Norm"),
    *("einsum", "math.square", "math.sqrt", "math.rsqrt", "math.pow", "math.l2_normalize"),
)
"""Operations that multiply what spikes say."""

CURVES = (
    *("Silu", "HardSilu", "HardSwish", "Gelu", "Elu", "Selu", "Celu", "HardTanh", "HardSigmoid"),
    *(
        "Exp",
        "Log",
        "Sin",
        "nn.silu",
        "nn.gelu",
        "nn.elu",
        "nn.selu",
        "math.exp",
        "math.log",
    ),
)
"""Activations that are no sum of ReLUs."""

WAYS_OUT = {
    "multiply": "spikes are added, not multiplied; use Add or Concatenate",
    "divide": "divide by numbers other than zero only",
    "stack": "use Concatenate",
    "concatenate": CONSTANTS,
    "add_n": CONSTANTS,
    "choice": "use Cropping2D for rows and columns, x[..., a:b] for channels",
    "flip": "flip the images' rows and columns in the data, not in the model",
    "shape": "use Reshape or Flatten",
    "softmax": "the host's softmax is over the last axis; use axis=-1",
    **dict.fromkeys(
        ("mean", "sum"),
        "use GlobalAveragePooling2D or GlobalAveragePooling1D, a mean over rows and columns or over steps",
    ),
    "Max": MAXIMUM,
    "math.reduce_max": MAXIMUM,
    **dict.fromkeys(PRODUCTS, "spikes are added, not multiplied; use Add or Concatenate"),
    **dict.fromkeys(CURVES, "use relu"),
    "pad": "pad rows, columns and channels with zeros, or use ZeroPadding2D",
    "transpose": "leave the axis of the batch in front, or use Permute",
    "split": "use x[..., :n] for each part",
    "unstack": "use x[..., n] for each part",
    "resize": "use UpSampling2D or AveragePooling2D",
    "compat.v1.shape": "use the numbers of x.shape",
    "repeat": "use UpSampling2D",
    "pool": "use AveragePooling2D",
    "maximum": "use Add or Average",
    "minimum": "use Add or Average",
}
"""What to use instead, by kind, class or symbol."""
