"""``make_events``: images in, a file of simulated recordings out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from convert.data.events.recording import Recording
from convert.errors import UserError, noting, tell
from convert.options import Progress, silent
from convert.provenance import Provenance, command_line, provenance
from convert.storage.atomic import keep_file, whole_file
from convert.upstream.types import Values

from .images import Images, open_images, parts_of
from .motion import frames_of
from .options import EventOptions
from .sensor import Intensity, events_of

MOST_EVENTS = 2**27
"""In a file: 1.7 GB."""

FLAGS: dict[str, str | None] = {"duration_s": "--duration", "noise_hz": "--noise"}
"""Options of the command that have another name."""


@dataclass(frozen=True)
class MadeEvents:
    """``recordings`` of ``size`` (rows, columns) with so many ``events`` in all, made as ``how`` says."""

    recordings: int
    events: int
    size: tuple[int, int]
    how: str


def make_events(
    images: str | Path,
    file: str | Path,
    options: EventOptions | None = None,
    *,
    force: bool = False,
    progress: Progress = silent,
) -> MadeEvents:
    """Simulates recordings of ``images`` and writes them to the .npz ``file``, which says that they are simulated.

    The same images, options and seed give the same bytes. Raises ``UserError``; nothing is written then.
    """
    images, file, options = Path(images), Path(file), options or EventOptions()
    problems = options.problems()
    if file.suffix.lower() != ".npz":
        problems.append(f"{file}: recordings are written as .npz; choose a name that ends so")
    with noting(problems):
        keep_file(file, force=force)
    with noting(problems):
        given = open_images(images, options.labelled_by)
    tell(problems)
    with progress("simulating events", options.recordings or given.count) as advance:
        made = []
        for one in _simulated(given, options):
            made.append(one)
            advance(1)
            if sum(len(m.recording) for m in made) > MOST_EVENTS:
                raise UserError(
                    f"after {len(made)} recordings there are more than {MOST_EVENTS:,} events; crop the images, make "
                    "fewer recordings, or raise --threshold"
                )
    arrays = _arrays(made, given, options)
    arrays["provenance"] = np.array(msgspec.json.encode(_origin(images, options)).decode())
    with whole_file(file) as beside, beside.open("wb") as written:
        np.savez(written, **arrays)  # type: ignore[arg-type]
    rows, columns = made[0].seen.shape
    return MadeEvents(len(made), len(arrays["t_us"]), (rows, columns), str(options))


@dataclass(frozen=True)
class _Made:
    """The ``recording`` of image ``number``, of which ``seen`` was seen."""

    recording: Recording
    number: int
    seen: Intensity


def _simulated(images: Images, options: EventOptions) -> Iterator[_Made]:
    """A recording after the other, each with random numbers of its own."""
    places = np.random.default_rng((options.seed, 0))
    for k, (number, seen) in enumerate(parts_of(images, options.crop, options.recordings, places)):
        rng = np.random.default_rng((options.seed, 1, k))
        frames = frames_of(
            seen,
            options.motion,
            duration_s=options.duration_s,
            pixels=options.distance,
            bar=options.bar,
            gap=options.gap,
            phase=float(rng.random()),
        )
        recording = events_of(frames, options.sensor, rng)
        if not len(recording):
            raise UserError(
                f"image {number} gives no event: nothing in it changes by {options.threshold:g} of its logarithm; "
                "lower --threshold, move further with --pixels, or leave the image out"
            )
        yield _Made(recording, number, seen)


def _arrays(made: list[_Made], images: Images, options: EventOptions) -> dict[str, Values]:
    """What the file holds: the layout of ``convert.data.events.arrays``, and that it is simulated."""
    events = {
        name: np.concatenate([getattr(m.recording, name) for m in made]).astype(dtype)
        for name, dtype in (("t_us", np.uint32), ("x", np.uint16), ("y", np.uint16), ("p", np.uint8))
    }
    start = np.cumsum([0, *(len(m.recording) for m in made)]).astype(np.int64)
    if options.labelled_by == "image":
        label = np.stack([m.seen for m in made])[..., None].astype(np.float32)
    else:
        assert images.classes is not None, "open_images has seen to it"
        label = np.array([images.classes(m.number) for m in made], np.int64)
    return {**events, "start": start, "label": label, "simulated": np.array(str(options))}


def _origin(images: Path, options: EventOptions) -> Provenance:
    """The command, and the images by their contents."""
    command = command_line("make-events", [images.name], options, FLAGS)
    return provenance(command, seed=options.seed, given={"images": images})
