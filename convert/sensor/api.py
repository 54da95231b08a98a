"""``make_events``: images in, a .npz file of simulated recordings out, as ``deploy-model --data`` reads them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from convert.data.dataset import Dataset, open_data
from convert.data.events.recording import Recording
from convert.errors import UserError
from convert.options import Progress, silent
from convert.provenance import Provenance, command_line, provenance
from convert.storage.atomic import keep, whole_file

from .motions import MOTIONS, frame_at
from .options import SensorOptions
from .pixels import events_of

SUFFIX = ".npz"
BRIGHTEST = 255.0
LOOKED_AT = 16
"""Images that say whether pixels go to 1 or to 255."""
PIXELS_A_SAMPLE = 0.5
"""The most that anything moves from one sample to the next; light changes steadily between them."""


class Simulated(msgspec.Struct, frozen=True, kw_only=True):
    """The text ``simulated`` in the file: no sensor was there."""

    motion: str
    class_names: tuple[str, ...]
    provenance: Provenance


@dataclass(frozen=True)
class EventsMade:
    """``recordings`` with so many ``events`` in all; ``silent`` images gave none and are left out."""

    recordings: int
    events: int
    silent: int
    classes: bool


def make_events(
    data_path: str | Path,
    output: str | Path,
    options: SensorOptions | None = None,
    *,
    force: bool = False,
    progress: Progress | None = None,
) -> EventsMade:
    """Writes recordings of the images at ``data_path`` to the file ``output``; the same seed gives the same bytes.

    Images without a class, and those behind a fence, are kept beside their events. Raises ``UserError``.
    """
    data_path, output, options = Path(data_path), Path(output), options or SensorOptions()
    problems = options.problems()
    if output.suffix.lower() != SUFFIX:
        problems.append(f"{output}: recordings are written as .npz; choose a name that ends in {SUFFIX}")
    if problems:
        raise UserError(problems)
    keep(output, force=force)
    data = open_data(data_path, input_shape=(None, None, None))
    data = data if options.images is None else data.subset(np.arange(min(options.images, len(data))))
    found, images = _recorded(data, options, progress or silent)
    heard = [i for i, recording in enumerate(found) if len(recording)]
    if not heard:
        raise UserError(f"{data_path}: no pixel sees a change of {options.threshold}; give a smaller --threshold")
    classes = data.task == "classification"
    labels = [int(np.asarray(data.label(i)).reshape(())) if classes else 0 for i in heard]
    arrays = _arrays([found[i] for i in heard], labels)
    if not classes or options.motion == "fence":
        arrays["image"] = np.stack([images[i] for i in heard]).astype(np.float32)
    origin = provenance(
        command_line("make-events", ["--data", data_path.name, "-o", output.name], options, {}),
        seed=options.seed,
        given={"data": data_path},
    )
    text = Simulated(motion=options.motion, class_names=data.class_names, provenance=origin)
    with whole_file(output) as new, new.open("wb") as file:
        np.savez_compressed(file, simulated=msgspec.json.encode(text).decode(), **arrays)  # type: ignore[arg-type]
    return EventsMade(len(heard), int(arrays["start"][-1]), len(found) - len(heard), classes)


def _recorded(
    data: Dataset, options: SensorOptions, progress: Progress
) -> tuple[list[Recording], list[NDArray[np.float64]]]:
    """The recording of each image, and the light of it, from 0 to 1."""
    some = [data.image(i) for i in range(min(LOOKED_AT, len(data)))]
    brightest = BRIGHTEST if max(float(image.max()) for image in some) > 1 else 1.0
    lights, recordings = [], []
    with progress("simulating events", len(data)) as advance:
        for i in range(len(data)):
            light = np.clip(np.asarray(data.image(i), np.float64).mean(axis=2) / brightest, 0, 1)
            recordings.append(_recording(light, options, np.random.default_rng([options.seed, i])))
            lights.append(light)
            advance(1)
    if len({light.shape for light in lights}) > 1:
        raise UserError("images have several sizes, and a sensor has one; cut or scale them to one size")
    return recordings, lights


def _recording(light: NDArray[np.float64], options: SensorOptions, rng: np.random.Generator) -> Recording:
    size, make = (light.shape[0], light.shape[1]), MOTIONS[options.motion]
    distance, seed = options.pixels(size[1]), int(rng.integers(2**32))
    rough = make(options.milliseconds + 1, distance, size, np.random.default_rng(seed))
    fastest = max(np.abs(np.diff(rough.path, axis=0)).max(), np.abs(np.diff(rough.passed)).max())
    samples = options.milliseconds * max(1, int(np.ceil(fastest / PIXELS_A_SAMPLE))) + 1
    motion = make(samples, distance, size, np.random.default_rng(seed))
    thresholds = options.threshold * np.maximum(0.1, 1 + options.mismatch * rng.normal(size=size))
    frames = (frame_at(light, motion, k) for k in range(samples))
    return events_of(frames, np.linspace(0, 1000 * options.milliseconds, samples), thresholds)


def _arrays(recordings: list[Recording], labels: list[int]) -> dict[str, NDArray[np.generic]]:
    """As ``convert.data.events.arrays`` reads them."""
    kinds = {"t_us": np.uint32, "x": np.uint16, "y": np.uint16, "p": np.uint8}
    arrays: dict[str, NDArray[np.generic]] = {
        name: np.concatenate([getattr(r, name) for r in recordings]).astype(kind) for name, kind in kinds.items()
    }
    arrays["start"] = np.cumsum([0, *(len(r) for r in recordings)]).astype(np.int64)
    arrays["label"] = np.array(labels, np.int64)
    return arrays
