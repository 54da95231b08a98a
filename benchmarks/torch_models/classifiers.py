"""Classifiers as torchvision has them, written anew and made small."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .parts import Cat, Sum, conv, design, head


def stem(channels: int) -> nn.Sequential:
    """Seven pixels wide in steps of two, and a padded maximum."""
    return nn.Sequential(conv(3, channels, 7, 2), nn.MaxPool2d(3, 2, 1))


def shortcut(before: int, channels: int, stride: int) -> nn.Module:
    same = stride == 1 and before == channels
    return nn.Identity() if same else conv(before, channels, 1, stride, act=None)


def basic(before: int, channels: int, stride: int) -> nn.Module:
    path = nn.Sequential(conv(before, channels, 3, stride), conv(channels, channels, act=None))
    return Sum(path, shortcut(before, channels, stride), nn.ReLU(inplace=True))


def bottleneck(before: int, channels: int, stride: int, *, groups: int = 1, width: int = 0) -> nn.Module:
    inside = width or channels // 4
    path = nn.Sequential(
        conv(before, inside, 1), conv(inside, inside, 3, stride, groups), conv(inside, channels, 1, act=None)
    )
    return Sum(path, shortcut(before, channels, stride), nn.ReLU(inplace=True))


@design("He et al. 2016, ResNet-18", 3, 64, 64)
def resnet18() -> nn.Module:
    blocks = [basic(8, 8, 1), basic(8, 8, 1), basic(8, 16, 2), basic(16, 16, 1), basic(16, 32, 2), basic(32, 32, 1)]
    return nn.Sequential(stem(8), *blocks, head(32))


@design("He et al. 2016, ResNet-50: bottlenecks", 3, 64, 64)
def resnet50() -> nn.Module:
    return nn.Sequential(stem(8), bottleneck(8, 32, 1), bottleneck(32, 32, 1), bottleneck(32, 64, 2), head(64))


@design("He et al. 2016, ResNet v2: activation first")
def resnet_v2() -> nn.Module:
    def first(channels: int) -> nn.Module:
        return nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU(), nn.Conv2d(channels, channels, 3, 1, 1, bias=False))

    blocks = [Sum(nn.Sequential(first(8), first(8))) for _ in range(2)]
    return nn.Sequential(nn.Conv2d(3, 8, 3, 1, 1), *blocks, nn.BatchNorm2d(8), nn.ReLU(), head(8))


@design("Xie et al. 2017, ResNeXt: groups", 3, 64, 64)
def resnext() -> nn.Module:
    return nn.Sequential(stem(8), *(bottleneck(a, 32, s, groups=4, width=16) for a, s in ((8, 1), (32, 2))), head(32))


@design("Zagoruyko and Komodakis 2016, wide ResNet with dropout")
def wide_resnet() -> nn.Module:
    path = nn.Sequential(conv(16, 16), nn.Dropout(0.3), conv(16, 16, act=None))
    return nn.Sequential(conv(3, 16), Sum(path, after=nn.ReLU()), basic(16, 32, 2), head(32))


@design("Radosavovic et al. 2020, RegNetX")
def regnet_x() -> nn.Module:
    return nn.Sequential(conv(3, 8, 3, 2), *(bottleneck(a, b, 2, groups=2, width=b) for a, b in ((8, 16), (16, 32))),
                         head(32))  # fmt: skip


@design("Krizhevsky et al. 2012, AlexNet as torchvision has it", 3, 64, 64)
def alexnet() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 16, 11, 4, 2), nn.ReLU(), nn.MaxPool2d(3, 2), nn.Conv2d(16, 32, 5, 1, 2), nn.ReLU(),
        nn.Conv2d(32, 32, 3, 1, 1), nn.ReLU(), nn.MaxPool2d(3, 2), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Dropout(), nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 10),
    )  # fmt: skip


@design("Simonyan and Zisserman 2015, VGG-11 with batch normalization")
def vgg11() -> nn.Module:
    parts: list[nn.Module] = []
    before = 3
    for channels, pooled in ((8, True), (16, True), (32, False), (32, True), (64, False), (64, True)):
        parts += [conv(before, channels), *([nn.MaxPool2d(2, 2)] if pooled else [])]
        before = channels
    ends = (nn.Flatten(), nn.Linear(64 * 4, 64), nn.ReLU(True), nn.Dropout(), nn.Linear(64, 10))
    return nn.Sequential(*parts, nn.AdaptiveAvgPool2d(2), *ends)


@design("Howard et al. 2017, MobileNet")
def mobilenet_v1() -> nn.Module:
    pairs = ((8, 16, 1), (16, 32, 2), (32, 32, 1), (32, 64, 2))
    return nn.Sequential(
        conv(3, 8, 3, 2),
        *(nn.Sequential(conv(a, a, 3, s, groups=a), conv(a, b, 1)) for a, b, s in pairs),
        head(64),
    )


def inverted(
    before: int, channels: int, stride: int, act: type[nn.Module], middle: nn.Module | None = None
) -> nn.Module:
    wide = 3 * before
    path = nn.Sequential(
        conv(before, wide, 1, act=act), conv(wide, wide, 3, stride, wide, act=act), middle or nn.Identity(),
        conv(wide, channels, 1, act=None),
    )  # fmt: skip
    return Sum(path) if stride == 1 and before == channels else path


@design("Sandler et al. 2018, MobileNetV2: ReLU6, sums without activation")
def mobilenet_v2() -> nn.Module:
    blocks = (inverted(a, b, s, nn.ReLU6) for a, b, s in ((8, 8, 1), (8, 16, 2), (16, 16, 1), (16, 24, 2)))
    return nn.Sequential(conv(3, 8, 3, 2, act=nn.ReLU6), *blocks, head(24))


@design("Tan et al. 2019, MNASNet")
def mnasnet() -> nn.Module:
    blocks = (inverted(a, b, s, nn.ReLU) for a, b, s in ((8, 12, 2), (12, 12, 1), (12, 24, 2)))
    return nn.Sequential(conv(3, 8), conv(8, 8, groups=8), *blocks, head(24))


class Excite(nn.Module):
    """Channels times a gate of their means."""

    def __init__(self, channels: int, act: type[nn.Module], gate: type[nn.Module]) -> None:
        super().__init__()
        down, up = nn.Conv2d(channels, channels // 4, 1), nn.Conv2d(channels // 4, channels, 1)
        self.gates = nn.Sequential(nn.AdaptiveAvgPool2d(1), down, act(), up, gate())

    def forward(self, x: Tensor) -> Tensor:
        return x * self.gates(x)


@design("Howard et al. 2019, MobileNetV3: HardSwish, squeeze and excitation")
def mobilenet_v3() -> nn.Module:
    def block(a: int, b: int, s: int) -> nn.Module:
        return inverted(a, b, s, nn.Hardswish, Excite(3 * a, nn.ReLU, nn.Hardsigmoid))

    return nn.Sequential(conv(3, 8, 3, 2, act=nn.Hardswish), block(8, 8, 1), block(8, 16, 2), head(16))


@design("Tan and Le 2019, EfficientNet: SiLU, squeeze and excitation")
def efficientnet() -> nn.Module:
    def block(a: int, b: int, s: int) -> nn.Module:
        return inverted(a, b, s, nn.SiLU, Excite(3 * a, nn.SiLU, nn.Sigmoid))

    return nn.Sequential(conv(3, 8, 3, 2, act=nn.SiLU), block(8, 8, 1), block(8, 16, 2), head(16))


@design("Huang et al. 2017, DenseNet: average pooling between")
def densenet() -> nn.Module:
    def dense(before: int) -> nn.Module:
        kernels = (nn.Conv2d(before, 16, 1, bias=False), nn.Conv2d(16, 8, 3, 1, 1, bias=False))
        path = (nn.BatchNorm2d(before), nn.ReLU(), kernels[0], nn.BatchNorm2d(16), nn.ReLU(), kernels[1])
        return Cat(nn.Identity(), nn.Sequential(*path))

    between = (nn.BatchNorm2d(32), nn.ReLU(), nn.Conv2d(32, 16, 1, bias=False), nn.AvgPool2d(2))
    ends = (nn.BatchNorm2d(32), nn.ReLU(), head(32))
    return nn.Sequential(conv(3, 16), dense(16), dense(24), *between, dense(16), dense(24), *ends)


@design("Iandola et al. 2016, SqueezeNet: maxima that round up")
def squeezenet() -> nn.Module:
    def fire(before: int, narrow: int, wide: int) -> nn.Module:
        sides = [nn.Sequential(nn.Conv2d(narrow, wide, k, 1, k // 2), nn.ReLU(True)) for k in (1, 3)]
        return nn.Sequential(nn.Conv2d(before, narrow, 1), nn.ReLU(True), Cat(*sides))

    pool = nn.MaxPool2d(3, 2, ceil_mode=True)
    ends = (nn.Dropout(), nn.Conv2d(32, 10, 1), nn.ReLU(True), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return nn.Sequential(nn.Conv2d(3, 16, 3, 2), nn.ReLU(True), pool, fire(16, 4, 8), fire(16, 8, 16), *ends)


@design("Szegedy et al. 2015, GoogLeNet with batch normalization")
def googlenet() -> nn.Module:
    def inception(before: int) -> nn.Module:
        pooled = nn.Sequential(nn.MaxPool2d(3, 1, 1, ceil_mode=True), conv(before, 8, 1))
        wide = [nn.Sequential(conv(before, 8, 1), conv(8, 8, k)) for k in (3, 5)]
        return Cat(conv(before, 8, 1), *wide, pooled)

    return nn.Sequential(conv(3, 16), nn.MaxPool2d(2), inception(16), nn.MaxPool2d(2), inception(32), head(32))


class Shuffled(nn.Module):
    """Half of the channels convolved, then both halves shuffled into each other."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        half = channels // 2
        self.path = nn.Sequential(conv(half, half, 1), conv(half, half, groups=half, act=None), conv(half, half, 1))

    def forward(self, x: Tensor) -> Tensor:
        kept, taken = x.chunk(2, dim=1)
        x = torch.cat([kept, self.path(taken)], dim=1)
        n, c, h, w = x.shape
        return x.view(n, 2, c // 2, h, w).transpose(1, 2).contiguous().view(n, c, h, w)


@design("Ma et al. 2018, ShuffleNetV2: chunk, view, transpose")
def shufflenet_v2() -> nn.Module:
    return nn.Sequential(
        conv(3, 16, 3, 2), nn.MaxPool2d(3, 2, 1), Shuffled(16), Shuffled(16), conv(16, 32, 1), head(32)
    )


class ChannelNorm(nn.Module):
    """Layer normalization over channels, as ConvNeXt has it."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


@design("Liu et al. 2022, ConvNeXt: layer normalization, GELU")
def convnext() -> nn.Module:
    def block() -> nn.Module:
        depthwise = nn.Conv2d(16, 16, 7, 1, 3, groups=16)
        return Sum(nn.Sequential(depthwise, ChannelNorm(16), nn.Conv2d(16, 64, 1), nn.GELU(), nn.Conv2d(64, 16, 1)))

    return nn.Sequential(nn.Conv2d(3, 16, 4, 4), ChannelNorm(16), block(), block(), head(16))


class Attends(nn.Module):
    """Patches, a transformer's encoder of one head, and their mean."""

    def __init__(self) -> None:
        super().__init__()
        self.patches, self.q, self.k, self.v = nn.Conv2d(3, 16, 8, 8), *(nn.Linear(16, 16) for _ in range(3))
        self.norm, self.wide, self.end = nn.LayerNorm(16), nn.Linear(16, 32), nn.Linear(32, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).flatten(2).transpose(1, 2)
        y = self.norm(x)
        weights = torch.softmax(self.q(y) @ self.k(y).transpose(1, 2) / 4, dim=-1)
        x = x + weights @ self.v(y)
        return self.end(nn.functional.gelu(self.wide(x)).mean(1))


@design("Dosovitskiy et al. 2021, a vision transformer")
def vision_transformer() -> nn.Module:
    return Attends()
