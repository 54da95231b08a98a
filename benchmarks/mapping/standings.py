"""The best known value of each instance, the partition that has it, and what is proved: standings.json, best/*.txt.xz.

They are written only for the better.
"""

from __future__ import annotations

import lzma
from pathlib import Path

import msgspec
import numpy as np

from partition.geometry.blocks import Ints

from .instance import Instance
from .value import messages, violations

FILE = Path(__file__).parent / "standings.json"
BEST = Path(__file__).parent / "best"


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Messages per time step: the best known ``value``, a lower ``bound`` that is proved, and what found them."""

    value: float
    by: str
    bound: float = 0.0
    bound_by: str = "nothing"


def standings(path: Path = FILE) -> dict[str, Standing]:
    return msgspec.json.decode(path.read_bytes(), type=dict[str, Standing]) if path.exists() else {}


def standing(name: str) -> Standing | None:
    return standings().get(name)


def best_partition(name: str) -> Ints:
    text = lzma.decompress((BEST / f"{name}.txt.xz").read_bytes()).decode()
    return np.array([int(word) for word in text.split()], np.int64)


def take_value(instance: Instance, part: Ints, by: str) -> None:
    """Keeps ``part`` if it is feasible and better than the best known."""
    assert not violations(instance, part), "the partition breaks a limit"
    name, value, known = instance.facts.name, messages(instance, part), standings()
    old = known.get(name)
    if old is not None and old.value <= value:
        return
    BEST.mkdir(exist_ok=True)
    text = "".join(f"{number}\n" for number in part.tolist()).encode()
    (BEST / f"{name}.txt.xz").write_bytes(lzma.compress(text, preset=9 | lzma.PRESET_EXTREME))
    new = Standing(value=value, by=by) if old is None else msgspec.structs.replace(old, value=value, by=by)
    _write({**known, name: new})


def take_bound(name: str, bound: float, by: str) -> None:
    """Keeps ``bound`` if it is higher than what is proved."""
    known = standings()
    if bound > known[name].bound:
        _write({**known, name: msgspec.structs.replace(known[name], bound=bound, bound_by=by)})


def _write(known: dict[str, Standing]) -> None:
    ordered = dict(sorted(known.items()))
    FILE.write_bytes(msgspec.json.format(msgspec.json.encode(ordered), indent=1) + b"\n")
