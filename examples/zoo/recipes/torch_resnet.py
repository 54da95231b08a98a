"""A ResNet-14 of PyTorch, by its ONNX file: ``examples/zoo/torch_resnet.py`` trained it."""

from __future__ import annotations

from pathlib import Path
from shutil import copyfile

from ..cifar import CIFAR10, cifar10_folders
from ..recipe import Files, Given, Recipe

FILE = Path(__file__).parents[1] / "weights" / "torch_resnet.onnx"


def architecture(path: Path) -> Path:
    """The committed file, trained."""
    path = path.with_suffix(".onnx")
    copyfile(FILE, path)
    return path


def prepare(given: Given) -> Files:
    return Files(given.model or FILE, *cifar10_folders(given))


RECIPE = Recipe(
    name="torch_resnet",
    title="ResNet-14 of PyTorch, through ONNX",
    source="examples/zoo/torch_resnet.py: 8, 16 and 32 channels; the file is in examples/zoo/weights",
    trained="CIFAR-10, 4 epochs: six minutes of processor time",
    data="CIFAR-10, its test images as JPEG",
    architecture=architecture,
    prepare=prepare,
    takes_model="another ONNX file of a classifier for CIFAR-10",
    takes_data=CIFAR10,
    options={"deploy-model": "--images 500"},
)
