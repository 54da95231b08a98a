"""Networks from images to images, as PyTorch's textbooks and torchvision have them, made small."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .classifiers import basic, stem
from .parts import Cat, conv, design


class UNet(nn.Module):
    """Two maxima down, two times ``up`` (channels before, after), each beside its skip."""

    def __init__(self, up: str) -> None:
        super().__init__()
        self.down = nn.ModuleList(self._double(a, b) for a, b in ((1, 8), (8, 16), (16, 32)))
        self.ups = nn.ModuleList(self._up(up, a) for a in (32, 16))
        self.across = nn.ModuleList(self._double(a, a // 2) for a in (32, 16))
        self.pool, self.end = nn.MaxPool2d(2), nn.Conv2d(8, 1, 1)

    @staticmethod
    def _double(before: int, channels: int) -> nn.Module:
        return nn.Sequential(conv(before, channels), conv(channels, channels))

    @staticmethod
    def _up(kind: str, before: int) -> nn.Module:
        if kind == "transposed":
            return nn.ConvTranspose2d(before, before // 2, 2, 2)
        up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=kind == "corners")
        return nn.Sequential(up, nn.Conv2d(before, before // 2, 1))

    def forward(self, x: Tensor) -> Tensor:
        skips = [first := self.down[0](x), self.down[1](self.pool(first))]
        x = self.down[2](self.pool(skips[1]))
        for up, across, skip in zip(self.ups, self.across, skips[::-1], strict=True):
            x = across(torch.cat([skip, up(x)], dim=1))
        return torch.sigmoid(self.end(x))


@design("Ronneberger et al. 2015, U-Net with transposed convolutions", 1, 32, 32)
def unet_transposed() -> nn.Module:
    return UNet("transposed")


@design("U-Net with bilinear upsampling", 1, 32, 32)
def unet_bilinear() -> nn.Module:
    return UNet("bilinear")


@design("U-Net with bilinear upsampling by corners, as the most copied code has it", 1, 16, 16)
def unet_corners() -> nn.Module:
    return UNet("corners")


class ToSize(nn.Module):
    """``path``, brought back to the size of the image."""

    def __init__(self, path: nn.Module) -> None:
        super().__init__()
        self.path = path

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.interpolate(self.path(x), size=x.shape[-2:], mode="bilinear", align_corners=False)


@design("Long et al. 2015, FCN on a ResNet")
def fcn() -> nn.Module:
    ends = (conv(16, 8), nn.Dropout(0.1), nn.Conv2d(8, 5, 1))
    return ToSize(nn.Sequential(conv(3, 8, 3, 2), basic(8, 8, 1), basic(8, 16, 2), *ends))


@design("Chen et al. 2017, DeepLabV3: dilated, pooled over the image")
def deeplab_v3() -> nn.Module:
    pooled = ToSize(nn.Sequential(nn.AdaptiveAvgPool2d(1), conv(16, 8, 1)))
    spread = Cat(conv(16, 8, 1), *(conv(16, 8, dilation=d) for d in (2, 4)), pooled)
    return ToSize(nn.Sequential(stem(8), basic(8, 16, 1), spread, conv(32, 8, 1), nn.Conv2d(8, 5, 1)))


@design("Badrinarayanan et al. 2017, SegNet with nearest upsampling")
def segnet() -> nn.Module:
    def up() -> nn.Module:
        return nn.Upsample(scale_factor=2)

    down = (conv(3, 8), nn.MaxPool2d(2), conv(8, 16), nn.MaxPool2d(2))
    return nn.Sequential(*down, up(), conv(16, 8), up(), conv(8, 8), nn.Conv2d(8, 5, 1), nn.Softmax(dim=1))


@design("Shi et al. 2016, ESPCN with ReLU: pixel shuffle", 1, 32, 32)
def espcn() -> nn.Module:
    ends = (nn.Conv2d(8, 4, 3, 1, 1), nn.PixelShuffle(2))
    return nn.Sequential(nn.Conv2d(1, 16, 5, 1, 2), nn.ReLU(), nn.Conv2d(16, 8, 3, 1, 1), nn.ReLU(), *ends)


@design("Zhang et al. 2017, DnCNN: what it finds is taken from the image", 1, 32, 32)
def dncnn() -> nn.Module:
    class Rest(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.noise = nn.Sequential(nn.Conv2d(1, 8, 3, 1, 1), nn.ReLU(), conv(8, 8), nn.Conv2d(8, 1, 3, 1, 1))

        def forward(self, x: Tensor) -> Tensor:
            return x - self.noise(x)

    return Rest()
