"""A ResNet-14 for CIFAR-10, trained in PyTorch and exported to ONNX: what examples/zoo/weights/torch_resnet.onnx is.

    python -m examples.zoo.torch_resnet CIFAR10 torch_resnet.onnx [--epochs 4]

Needs torch and onnx, nothing of this package, so it can run in PyTorch's environment. CIFAR10 has train/CLASS/*.jpg.
Source: He et al., "Deep Residual Learning for Image Recognition", 2016, section 4.2, with 8, 16 and 32 channels.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from time import process_time

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

CHANNELS, BLOCKS, SEED, BATCH, RATE, DECAY = (8, 16, 32), 2, 0, 128, 0.2, 5e-4
MEAN, SPREAD = (125.3, 123.0, 113.9), (63.0, 62.1, 66.7)
"""Of CIFAR-10's training images."""


class Normalize(nn.Module):
    """Values 0 to 255 to mean 0 and spread 1, a part of the model so that its file takes images as they are."""

    def __init__(self) -> None:
        super().__init__()
        for name, values in (("mean", MEAN), ("spread", SPREAD)):
            self.register_buffer(name, torch.tensor(values).reshape(1, 3, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return (x - self.mean) / self.spread


class Block(nn.Module):
    """Two convolutions and a shortcut, projected where shapes differ."""

    def __init__(self, before: int, channels: int, stride: int) -> None:
        super().__init__()
        self.path = nn.Sequential(*normed(before, channels, 3, stride), nn.ReLU(), *normed(channels, channels, 3, 1))
        same = stride == 1 and before == channels
        self.shortcut = nn.Identity() if same else nn.Sequential(*normed(before, channels, 1, stride))
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.relu(self.path(x) + self.shortcut(x))


def normed(before: int, channels: int, size: int, stride: int) -> tuple[nn.Module, nn.Module]:
    """A convolution and its batch normalization."""
    return nn.Conv2d(before, channels, size, stride, size // 2, bias=False), nn.BatchNorm2d(channels)


def resnet() -> nn.Sequential:
    """Images (n, 3, 32, 32) of values 0 to 255 to 10 classes."""
    parts: list[nn.Module] = [Normalize(), *normed(3, CHANNELS[0], 3, 1), nn.ReLU()]
    before = CHANNELS[0]
    for stage, channels in enumerate(CHANNELS):
        for k in range(BLOCKS):
            parts.append(Block(before, channels, 2 if stage and not k else 1))
            before = channels
    return nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(before, 10))


def read(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Images (n, 3, 32, 32) of uint8 and classes, of folders of classes in alphabetical order."""
    files = [(file, k) for k, kind in enumerate(sorted(folder.iterdir())) for file in sorted(kind.iterdir())]
    images = np.stack([np.asarray(Image.open(file).convert("RGB")) for file, _ in files])
    return images.transpose(0, 3, 1, 2), np.array([k for _, k in files])


def moved(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each image by up to 4 pixels, half of them mirrored."""
    padded = np.pad(images, ((0, 0), (0, 0), (4, 4), (4, 4)), mode="reflect")
    result = np.empty_like(images)
    for i, (row, column, mirrored) in enumerate(zip(*rng.integers(0, (9, 9, 2), (len(images), 3)).T, strict=True)):
        part = padded[i, :, row : row + 32, column : column + 32]
        result[i] = part[:, :, ::-1] if mirrored else part
    return result


def train(model: nn.Module, images: np.ndarray, classes: np.ndarray, epochs: int) -> None:
    """Stochastic gradient descent, one cycle of the learning rate."""
    rng, begun_s = np.random.default_rng(SEED), process_time()
    optimizer = torch.optim.SGD(model.parameters(), RATE, momentum=0.9, weight_decay=DECAY, nesterov=True)
    steps = len(images) // BATCH
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, epochs=epochs, steps_per_epoch=steps)
    model.train().to(memory_format=torch.channels_last)  # a quarter faster
    for epoch in range(epochs):
        order, right = rng.permutation(len(images)), 0
        for k in range(steps):
            chosen = order[k * BATCH : (k + 1) * BATCH]
            given = torch.from_numpy(np.float32(moved(images[chosen], rng)))
            said, wanted = model(given.contiguous(memory_format=torch.channels_last)), torch.from_numpy(classes[chosen])
            optimizer.zero_grad()
            nn.functional.cross_entropy(said, wanted, label_smoothing=0.05).backward()
            optimizer.step()
            cycle.step()
            right += int((said.argmax(1) == wanted).sum())
        print(f"epoch {epoch + 1}: {right / (steps * BATCH):.4f}, {process_time() - begun_s:.0f} CPU s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cifar10", type=Path)
    parser.add_argument("onnx", type=Path)
    parser.add_argument("--epochs", type=int, default=4)
    arguments = parser.parse_args()
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    model = resnet()
    train(model, *read(arguments.cifar10 / "train"), arguments.epochs)
    torch.onnx.export(model.eval(), (torch.zeros(1, 3, 32, 32),), str(arguments.onnx), dynamo=False)


if __name__ == "__main__":
    main()
