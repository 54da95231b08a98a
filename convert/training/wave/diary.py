"""What the batches of a training are like, told once in a while."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np

from convert.storage.recovery import NOTES
from convert.training.wave.batch import Found


@dataclass
class Diary:
    """What the batches since the last line were like; ``what`` they are to find, in words."""

    count: int
    what: str = "the class of Keras"
    batch: int = 0
    start_s: float = field(default_factory=time.monotonic)
    seen: list[tuple[float, float, int]] = field(default_factory=list)

    def note(self, found: Found, images: int, batch: int) -> None:
        self.seen.append((found.loss, found.agrees, images))
        self.batch = batch

    def tell(self) -> None:
        """Prints a line, and starts the next."""
        loss, agrees, _ = np.mean(self.seen, axis=0)
        seconds = time.monotonic() - self.start_s
        left_h = (self.count - self.batch) * seconds / len(self.seen) / 3600
        NOTES.info(
            "batch %s of %s: loss %.3f, %s in %.1f %%, %.1f images a second, %.1f h left",
            f"{self.batch:,}",
            f"{self.count:,}",
            loss,
            self.what,
            100 * agrees,
            sum(images for _, _, images in self.seen) / seconds,
            left_h,
        )
        self.seen, self.start_s = [], time.monotonic()
