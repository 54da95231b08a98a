"""What others measured on their devices with their networks: a row each in published.json, and in a user's own file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from convert.errors import UserError
from deploy.device_report import Precision

FILE = Path(__file__).with_name("published.json")
LARGEST_BYTES = 2**20
"""A file of rows has a few thousand."""
EXAMPLE = '[{"name": "my board", "network": "ResNet-8, CIFAR-10", "joules_per_inference": 1.2e-3, "source": "my log"}]'

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=300)]
Positive = Annotated[float, msgspec.Meta(gt=0, lt=1e12)]
Number = Positive | UnsetType


class PublishedRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A device as its ``source`` measured it with ``network``, which is another one than the run's.

    Numbers are of one inference; a source that gives a range has its end in ``joules_up_to``. What runs less what is
    idle is ``dynamic_joules``. One number at least is there.
    """

    name: Text
    network: Text
    source: Text
    joules_per_inference: Number = UNSET
    joules_up_to: Number = UNSET
    dynamic_joules: Number = UNSET
    seconds_per_inference: Number = UNSET
    seconds_per_step: Number = UNSET
    frames_per_second: Number = UNSET
    precision: Precision | UnsetType = UNSET
    accuracy: Annotated[float, msgspec.Meta(ge=0, le=1)] | UnsetType = UNSET
    notes: tuple[Text, ...] = ()

    @property
    def total_joules(self) -> tuple[float, float] | None:
        """The lowest and the highest; None if the source gives none."""
        if not isinstance(low := self.joules_per_inference, float):
            return None
        return low, self.joules_up_to if isinstance(self.joules_up_to, float) else low


@cache
def published_rows() -> tuple[PublishedRow, ...]:
    """The rows that come with the program."""
    return msgspec.json.decode(FILE.read_bytes(), type=tuple[PublishedRow, ...])


def rows_with(path: Path | None) -> tuple[PublishedRow, ...]:
    """The program's rows, and those in the user's file at ``path``. Raises ``UserError`` with all of its problems."""
    return published_rows() if path is None else (*published_rows(), *read_rows(path))


def read_rows(path: Path) -> tuple[PublishedRow, ...]:
    """The rows in the JSON file at ``path``. Raises ``UserError`` with all of its problems."""
    raw = _list_in(path)
    rows, problems = [], []
    for number, item in enumerate(raw, 1):
        try:
            row = msgspec.json.decode(item, type=PublishedRow)
        except (msgspec.ValidationError, RecursionError) as error:
            problems.append(f"row {number}: {error}")
            continue
        rows.append(row)
        problems += [f"row {number} ({row.name}): {problem}" for problem in _problems(row)]
    problems += _repeated(rows)
    if problems:
        raise UserError([f"device file {path}: {problem}" for problem in problems])
    return tuple(rows)


def _list_in(path: Path) -> list[msgspec.Raw]:
    if not path.is_file():
        raise UserError(f"device file {path}: no such file; give a JSON file such as {EXAMPLE}")
    if (size := path.stat().st_size) > LARGEST_BYTES:
        raise UserError(f"device file {path}: {size:,} bytes, more than {LARGEST_BYTES:,}; is it the right file?")
    try:
        data = path.read_bytes()
        msgspec.json.decode(data)
        rows = msgspec.json.decode(data, type=list[msgspec.Raw])
    except msgspec.ValidationError as error:
        raise UserError(f"device file {path}: needs a list of rows, such as {EXAMPLE}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, OSError) as error:
        raise UserError(f"device file {path}: not readable as JSON ({error})") from error
    if not rows:
        raise UserError(f"device file {path}: the list is empty; give rows such as {EXAMPLE}")
    return rows


def _problems(row: PublishedRow) -> list[str]:
    numbers = (
        row.joules_per_inference,
        row.dynamic_joules,
        row.seconds_per_inference,
        row.seconds_per_step,
        row.frames_per_second,
    )
    problems = []
    if all(number is UNSET for number in numbers):
        problems.append(
            "says neither energy nor time; add joules_per_inference, dynamic_joules or seconds_per_inference"
        )
    low, high, dynamic = row.joules_per_inference, row.joules_up_to, row.dynamic_joules
    if isinstance(high, float) and not isinstance(low, float):
        problems.append("joules_up_to is the end of a range; add joules_per_inference, its beginning")
    if isinstance(low, float) and isinstance(high, float) and high < low:
        problems.append(f"joules_up_to is {high:g}, less than joules_per_inference, {low:g}; swap them")
    if isinstance(low, float) and isinstance(dynamic, float):
        total = high if isinstance(high, float) else low
        if dynamic > total:
            problems.append(f"dynamic_joules is {dynamic:g}, more than the total, {total:g}")
    return problems


def _repeated(rows: Sequence[PublishedRow]) -> list[str]:
    """A device stands once for a network, those of the program included."""
    ours = {(row.name, row.network) for row in published_rows()}
    counts = Counter((row.name, row.network) for row in rows)
    return [
        f"{name} with {network} "
        + ("is one of the program's rows" if (name, network) in ours else f"stands {n} times")
        + "; rename it or leave it out"
        for (name, network), n in counts.items()
        if n > 1 or (name, network) in ours
    ]
