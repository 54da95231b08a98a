"""What designs of PyTorch are made of, and their registry. Needs torch, nothing of this package."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Design:
    """``build`` makes the network ``name`` for images of ``size`` (channels, rows, columns)."""

    name: str
    source: str
    size: tuple[int, ...]
    build: Callable[[], nn.Module]


DESIGNS: dict[str, Design] = {}


def design(source: str, *size: int) -> Callable[[Callable[[], nn.Module]], Callable[[], nn.Module]]:
    """Registers the function that builds a network, under its own name; ``size`` is 3 x 32 x 32 unless given."""

    def register(build: Callable[[], nn.Module]) -> Callable[[], nn.Module]:
        name = build.__name__
        if name in DESIGNS:
            raise ValueError(f"design {name} is there twice")
        DESIGNS[name] = Design(name, source, size or (3, 32, 32), build)
        return build

    return register


def conv(
    before: int,
    channels: int,
    size: int = 3,
    stride: int = 1,
    groups: int = 1,
    dilation: int = 1,
    act: Callable[[], nn.Module] | None = nn.ReLU,
) -> nn.Sequential:
    """A convolution, its batch normalization and its activation."""
    kernel = nn.Conv2d(before, channels, size, stride, size // 2 * dilation, dilation, groups, bias=False)
    return nn.Sequential(kernel, nn.BatchNorm2d(channels), *([act()] if act else []))


def head(channels: int, classes: int = 10) -> nn.Sequential:
    """The mean of each channel, and classes."""
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes))


class Sum(nn.Module):
    """``path`` and its ``shortcut`` added, and what comes ``after``."""

    def __init__(self, path: nn.Module, shortcut: nn.Module | None = None, after: nn.Module | None = None) -> None:
        super().__init__()
        self.path, self.shortcut, self.after = path, shortcut or nn.Identity(), after or nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.after(self.path(x) + self.shortcut(x))


class Cat(nn.Module):
    """``paths`` beside each other, as channels."""

    def __init__(self, *paths: nn.Module) -> None:
        super().__init__()
        self.paths = nn.ModuleList(paths)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([path(x) for path in self.paths], 1)
