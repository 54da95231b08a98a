"""docs/models.md: what came of each model, as tables."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .attempt import LIMIT_BYTES, Attempt
from .recipe import LIMIT_S

TOP = f"""# Published models through convert-model

Well-known designs, written anew from their papers and examples and made small (`benchmarks/models`), beside models that
keras.applications, keras_unet_collection and segmentation_models make. Weights are random, statistics of batch
normalization too; what is tried is conversion, not accuracy. One command makes the table again, a model at a time, each
in a process with {LIMIT_S:.0f} s and {LIMIT_BYTES >> 30} GiB:

```
pip install --no-deps keras-unet-collection==0.1.13 segmentation-models==1.0.1
pip install --no-deps image-classifiers==1.0.0 efficientnet==1.1.1 keras-applications==1.0.8   # what the second needs
python -m benchmarks.models.table FOLDER             # all that FOLDER does not have yet
python -m benchmarks.models.table FOLDER enet unet   # these, again
python -m benchmarks.models.whole FOLDER oxford_pets_160   # converted, partitioned, four images on the emulator
```

Four calibration images, else the defaults; max pooling replaced by the average. *Difference* is the largest one between
the rate network (in NengoDL) and Keras on two images, before softmax or sigmoid, and what is tolerated. *Sums* are
layers whose outputs a pair of populations carries. Seconds are those of the whole command on 2 cores that others
used too, TensorFlow's start included; CPU seconds in brackets.
"""

WHOLE = Path("benchmarks/models/results/whole.json")
"""What ``benchmarks.models.whole`` found."""

WORDS = {
    "traceback": "ended in a traceback",
    "died": "the process died",
    "timeout": f"not ready after {LIMIT_S:.0f} s",
    "not made": "the model could not be made",
}


def page(attempts: Sequence[Attempt], missing: Sequence[str]) -> str:
    """The whole of docs/models.md, from one attempt for each model in the order of the table, and those not tried."""
    accepted = [a for a in attempts if a.outcome == "accepted"]
    refused = [a for a in attempts if a.outcome == "refused"]
    others = [a for a in attempts if a.outcome not in ("accepted", "refused")]
    parts = [
        TOP,
        f"## Converted: {len(accepted)}\n",
        _converted(accepted),
        f"## Refused: {len(refused)}\n",
        _said(refused),
    ]
    if WHOLE.is_file():
        parts += ["## All the way, at full size\n", _whole(json.loads(WHOLE.read_text()))]
    if others:
        parts += [f"## Neither: {len(others)}\n", _said(others)]
    if missing:
        parts += [f"## Not tried yet: {len(missing)}\n", ", ".join(missing) + "\n"]
    return "\n".join(parts)


def _whole(found: dict[str, Any]) -> str:
    rows = [
        f"| {command} | {took['seconds']:.0f} | {took['cpu_s']:.0f} | {took['memory_gib']:.1f} |"
        for command, took in found["commands"].items()
    ]
    return "\n".join(
        [
            f"`oxford_pets_160`: {found['neurons']:,} neurons on {found['cores']:,} cores of {found['chips']} chips; "
            f"the rate network differs from Keras by {found['difference']:.0e} at most. Four images are deployed.\n",
            "| command | seconds | CPU seconds | GiB |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )


def _converted(attempts: Sequence[Attempt]) -> str:
    rows = [
        f"| {a.name} | {a.source} | {_shape(a.input)} | {a.parameters:,} | {a.populations} | {a.neurons:,} | "
        f"{a.carried_sums} | {a.max_abs_error:.0e} of {a.tolerance:.0e} | {a.seconds:.0f} ({a.cpu_s:.0f}) | "
        f"{a.memory_gib:.1f} |"
        for a in attempts
    ]
    head = "| model | source | input | parameters | populations | neurons | sums | difference | seconds | GiB |"
    return "\n".join([head, "|---|---|---|---|---|---|---|---|---|---|", *rows, ""])


def _said(attempts: Sequence[Attempt]) -> str:
    rows = [f"| {a.name} | {a.source} | {_sentences(a)} |" for a in attempts]
    return "\n".join(["| model | source | what it says |", "|---|---|---|", *rows, ""])


def _sentences(attempt: Attempt) -> str:
    said = [line.replace("|", "\\|") for line in attempt.said]
    first = WORDS.get(attempt.outcome)
    return "<br>".join([*([f"{first} ({attempt.cpu_s:.0f} of the CPU)"] if first else []), *said])


def _shape(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape))
