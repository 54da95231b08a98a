"""SUPPORTED.md from the registry: ``python -m convert.frontends.keras.supported_md > SUPPORTED.md``."""

from __future__ import annotations

from convert.data.folders import IMAGE_FOLDERS, LABEL_ENDINGS, LABEL_FOLDERS, NORMAL, SUFFIXES
from convert.data.npz import PAIRS
from convert.frontends.keras.operations.names import WRITTEN
from convert.options import Options

from .hints import HINTS, WRAPPERS
from .layers import ACTIVATIONS, HOST_ACTIVATIONS, IDENTITY_LAYERS, MAX_POOLING, REGISTRY, quoted

TOP = """# What converts

Made by `python -m convert.frontends.keras.supported_md > SUPPORTED.md` from the registry in
`convert/frontends/keras/layers.py`; a test compares the two.
`convert-model` refuses everything else by name, all layers of a model at once, each with the way out.
"""

MODELS = """## Models

- Files: Keras 3 `.keras` and `.h5`; Keras 2 (`tf-keras`) `.keras`, `.h5` and SavedModel folders. Code in a file (Lambda
  layers) is not run.
- Functional and Sequential models, nested models, layers that are called several times. A subclassed model has no graph
  of layers; rebuild it with the functional API.
- Inputs are images of fixed size (rows, columns, channels), sequences of fixed length (steps, channels) or vectors
  (values,), raw values; put scaling into the model as Rescaling or Normalization. In the network a sequence is one row
  of pixels, a vector one pixel. Several inputs of equal rows and columns become the channels of one, in the order of
  `model.inputs`: the data then has their channels one after the other.
- At least two ReLU layers: the first one encodes the image on the host, the others run on the chip, the last linear
  layer reads out on the host. Where the image meets spikes before a ReLU (added, concatenated), a pair of populations
  on the host fires it, its positive and its negative part.
- Several outputs convert, in a list or a dict; accuracy is measured on the first one, or on `--measured-output NAME`.
- A segmentation is a map, its pixels in a row, or one output step for each input step; a classification ends in a
  vector or in one pixel. Reshape and Flatten may follow softmax and sigmoid.
- A segmentation has an output pixel for each input pixel, or fewer: 'valid' convolutions and crops (as the original
  U-Net has them), strides (every second pixel). Which pixels they are is told by kernel sizes, strides, padding and
  crops. Where that is between two pixels (blocks of 2 x 2, an odd difference), or where the output is larger, give
  labels of the output's size.
- What is measured follows from the labels (or is said by `--metric`): accuracy for classes, pixel accuracy and others
  for class maps, the mean squared error `mse` for numbers of the output's shape, and `auc` for a model that gives its
  input again with labels 0 and 1 for anomalies: its error is the score. Labels that can be classes are classes.
"""

TARGETS = """## Targets of `deploy-model`

| target | what runs | 8-bit weights, integers | needs |
|---|---|---|---|
| `fast` | our emulator of the chip's integers, spike for spike what `emulator` gives | yes | - |
| `emulator` | `nengo_loihi.Simulator(target="sim")` with the partition's tiles | yes | - |
| `nengo-dl` | float weights and neurons in NengoDL, no delay from layer to layer, images start from rest | no | - |
| `loihi` | the chip, placed as the partition says | yes | Intel's NxSDK and a board |
"""


def supported() -> str:
    """The whole of SUPPORTED.md."""
    return "\n".join([TOP, _layers(), _refused(), MODELS, TARGETS, _data()])


def _layers() -> str:
    rows = [f"| {name} | {support.role.value} | {support.note} |" for name, support in sorted(REGISTRY.items())]
    activations = ", ".join(f"`{name}`" for name in sorted(ACTIVATIONS))
    return "\n".join(
        [
            "## Layers",
            "",
            "| layer | becomes | how, and its limits |",
            "|---|---|---|",
            *rows,
            "",
            f"- Activations, as an argument or a layer: {activations}; {quoted(HOST_ACTIVATIONS)} at an output only.",
            f"- Left out, for they do nothing at inference: {', '.join(IDENTITY_LAYERS)}.",
            "- CenterCrop becomes Cropping2D, Resizing to a whole multiple of the size UpSampling2D; Resizing and "
            "RandomCrop to the size that the image has are left out.",
            f"- Operations on tensors: {WRITTEN}.",
            f"- Max pooling: {MAX_POOLING}. Of spikes (.nir) it is their OR, which is exact.",
            "- On the host, after the chip: any layer of Keras, with `--host-from LAYER` or `--decoder FILE`.",
            "- Settings: data_format channels_last; ReLU without threshold; UpSampling2D of any interpolation but "
            "area; Normalization not inverted.",
            "",
        ]
    )


def _refused() -> str:
    rows = [f"| {name} | {reason} |" for name, reason in sorted({**HINTS, **WRAPPERS}.items())]
    return "\n".join(
        [
            "## Layers that often occur and do not convert",
            "",
            "| layer | why, and the way out |",
            "|---|---|",
            *rows,
            "",
        ]
    )


def _data() -> str:
    pairs = ", ".join(f"`{x}` and `{y}`" for x, y in PAIRS)
    options = Options()
    return f"""## Data of `--data`

- A `.npz` file with {pairs}: images (n, rows, columns, channels), sequences (n, steps, channels) or vectors
  (n, values), as the model takes them; labels as class indices or one-hot rows, class maps (n, rows, columns) for a
  segmentation, numbers of the output's shape, or 0 and 1 for anomalies. A model that gives its input again needs no
  labels (an image model with a sigmoid at its end, which may be a segmentation's, with `--metric mse`). Read from the
  file as needed, not all in memory.
- A folder with one sub-folder of images for each class, in alphabetical order; for a model that gives its input again
  `{NORMAL[0]}/` or `{NORMAL[1]}/` and others, which are anomalies.
- A folder with {_or(IMAGE_FOLDERS)} and {_or(LABEL_FOLDERS)} sub-folders, files of equal names; or `NAME.png` beside
  {" or ".join(f"`NAME{ending}.png`" for ending in LABEL_ENDINGS)}.
- Image files: {", ".join(SUFFIXES)}. Labels are class indices, or 0 and 255 for two classes. Images larger than the
  model's input are cut into overlapping crops (segmentation) or refused (all others). Where the output is smaller
  than the input, the crops' outputs tile the image, which is mirrored at its border; images then may be smaller than
  the input, too. Of images that have the input's size just the middle counts, where the output is.
- Labels of a segmentation have the image's size, and count where the output has pixels; or they have the output's size,
  and the images the input's.
- Grey images are repeated for a colour model. Colour for a grey model, and other numbers of channels, are refused
  unless nothing is lost.
- `convert-model` looks at {options.calibration_images} images, for rates, weights and gains (`--calibration-images`;
  fewer where images are large: a crop of 128x128 through 100 channels takes seconds)."""


def _or(names: tuple[str, ...]) -> str:
    return " or ".join(f"`{name}/`" for name in names)


if __name__ == "__main__":
    print(supported())
