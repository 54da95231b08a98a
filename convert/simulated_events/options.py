"""How images are made into events."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Literal, get_args

from convert.options import LIMITS, out_of_range

from .motion import MotionName
from .sensor import Sensor

LabelKind = Literal["class", "image"]
"""What a recording is labelled with: the class of its image, or the image itself, which is to be found again."""

PIXELS: dict[MotionName, float] = {"saccades": 4.0, "pan": 8.0, "fence": 16.0}
"""How far it goes where nobody says it: in a saccade, or in all."""

LONGEST_S = 60.0

WHOLE_NUMBERS = {"recordings": (1, 10_000_000), "seed": LIMITS["seed"]}


@dataclass(frozen=True)
class EventOptions:
    """``motion`` by ``pixels`` (None: ``PIXELS``) in ``duration_s``; a fence has bars of ``bar`` pixels, ``gap`` apart.

    ``threshold``, ``spread`` and ``noise_hz`` are those of ``Sensor``. With ``crop`` (rows, columns) ``recordings``
    parts of the images (None: one of each) are taken at random; else each image is one. ``label`` None: the image with
    a fence, the class with other motions.
    """

    motion: MotionName = "saccades"
    duration_s: float = 0.3
    pixels: float | None = None
    bar: float = 4.0
    gap: float = 4.0
    threshold: float = Sensor.threshold
    spread: float = Sensor.spread
    noise_hz: float = Sensor.noise_hz
    label: LabelKind | None = None
    crop: tuple[int, int] | None = None
    recordings: int | None = None
    seed: int = 0

    @property
    def distance(self) -> float:
        """How far it goes, in pixels."""
        return PIXELS[self.motion] if self.pixels is None else self.pixels

    @property
    def labelled_by(self) -> LabelKind:
        """The label, chosen or usual."""
        return self.label or ("image" if self.motion == "fence" else "class")

    @property
    def sensor(self) -> Sensor:
        return Sensor(self.threshold, self.spread, self.noise_hz)

    def problems(self) -> list[str]:
        """What is wrong with them, one sentence for each."""
        problems = out_of_range({name: getattr(self, name) for name in WHOLE_NUMBERS}, WHOLE_NUMBERS)
        if self.motion not in get_args(MotionName):
            problems.append(f"motion '{self.motion}' is not known; choose one of {', '.join(get_args(MotionName))}")
        if self.label not in (None, *get_args(LabelKind)):
            problems.append(f"label '{self.label}' is not known; choose {' or '.join(get_args(LabelKind))}")
        pixels = 1.0 if self.pixels is None else self.pixels
        bounds = {
            "duration_s": (self.duration_s, 1e-3, LONGEST_S),
            "pixels": (pixels, 0.1, 10_000.0),
            "bar": (self.bar, 0.1, 10_000.0),
            "gap": (self.gap, 0.1, 10_000.0),
            "threshold": (self.threshold, 0.02, 10.0),
            "spread": (self.spread, 0.0, 1.0),
            "noise_hz": (self.noise_hz, 0.0, 10_000.0),
        }
        for name, (value, least, most) in bounds.items():
            if not isfinite(value) or not least <= value <= most:
                problems.append(f"{name} is {value:g}; use {least:g} to {most:g}")
        if self.crop is not None and min(self.crop) < 1:
            problems.append(f"crop is {self.crop[0]} x {self.crop[1]}; use at least 1 x 1")
        if self.recordings is not None and self.crop is None:
            problems.append(
                f"{self.recordings} recordings are parts of the images at random places; give their size with --crop"
            )
        return problems

    def __str__(self) -> str:
        """Such as: saccades of 4 pixels in 0.3 s, threshold 0.2 +- 0.03 of log intensity, noise of 0.1 Hz, seed 0."""
        moved = f"{self.motion} of {self.distance:g} pixels"
        if self.motion == "fence":
            moved = f"a fence, bars of {self.bar:g} pixels {self.gap:g} apart, that moves by {self.distance:g}"
        return (
            f"{moved} in {self.duration_s:g} s, threshold {self.threshold:g} +- {self.spread:g} of log intensity, "
            f"noise of {self.noise_hz:g} Hz, seed {self.seed}"
        )
