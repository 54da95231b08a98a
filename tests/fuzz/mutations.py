"""Files that are almost right: bytes flipped, cut, doubled; values of JSON replaced by what no writer writes."""

from __future__ import annotations

import json
from random import Random
from typing import Any

ODD = (
    None,
    True,
    -1,
    0,
    10**30,
    1e308,
    -1e-300,
    "",
    "a/../b",
    "x" * 3000,
    [],
    {},
    [[]],
    [None],
    {"a": 1},
    "NaN",
    2**63,
)


def mutated(content: bytes, rng: Random) -> bytes:
    """``content`` with one to four changes."""
    data = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(data) + 1)
        kind = rng.randrange(4)
        if kind == 0 and at < len(data):
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            del data[at : at + rng.choice((1, 8, 100, len(data)))]
        elif kind == 2:
            data[at:at] = bytes(rng.randrange(256) for _ in range(rng.choice((1, 8, 100))))
        else:
            data[at:at] = data[at : at + rng.choice((8, 100, 1000))]
    return bytes(data)


def mutated_json(content: bytes, rng: Random) -> bytes:
    """The JSON ``content`` with one value, anywhere in it, replaced, left out or put where another one was."""
    data = json.loads(content)
    places = list(_places(data))
    holder, key = rng.choice(places)
    if rng.random() < 0.2 and isinstance(holder, dict):
        del holder[key]
    elif rng.random() < 0.3:
        other, another = rng.choice(places)
        holder[key] = other.get(another) if isinstance(other, dict) else (other[another] if another < len(other) else 0)
    else:
        holder[key] = rng.choice(ODD)
    try:
        return json.dumps(data).encode()
    except ValueError:  # a value that holds itself
        return b"{}"


def _places(value: Any) -> Any:
    """Every dict or list in ``value`` with each of its keys."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in list(items):
        yield value, key
        yield from _places(item)
