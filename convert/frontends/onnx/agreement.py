"""Whether a translated model gives what onnxruntime gives, where that is installed."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np

from convert.errors import UserError
from convert.upstream.types import Model, Values

from .held import Held, places
from .translate import Translated

TOLERANCE = 1e-5
"""Of the largest output, at least of 1: float32 sums in another order differ by a tenth of it."""


def require_agreement(path: Path, proto: Model, found: Translated) -> None:
    """Raises ``UserError`` if an output differs from onnxruntime's, on images by chance; does nothing without it."""
    if find_spec("onnxruntime") is None:
        return
    rng = np.random.default_rng(0)
    count = found.batch or 2
    images = [rng.random((count, *held.tensor.sizes), np.float32) for held in found.inputs.values()]
    ours = found.model.values(images, found.model.outputs)
    fed = {n: _as_in_onnx(x, held) for (n, held), x in zip(found.inputs.items(), images, strict=True)}
    theirs = _by_onnxruntime(path, proto, fed, list(found.outputs))
    problems = []
    for (name, held), ours_, theirs_ in zip(found.outputs.items(), ours, theirs, strict=True):
        difference = float(np.abs(_as_in_onnx(ours_, held) - theirs_).max())
        limit = TOLERANCE * max(1.0, float(np.abs(theirs_).max()))
        if not difference <= limit:
            problems.append(
                f"output '{name}' of {path}: {difference:.2g} off what onnxruntime computes, more than {limit:.2g}; "
                "that is a fault of this program: report it with the file"
            )
    if problems:
        raise UserError(problems)


def _as_in_onnx(values: Values, held: Held) -> Values:
    return np.ascontiguousarray(values.transpose(places(held.order)))


def _by_onnxruntime(path: Path, proto: Model, fed: dict[str, Values], names: list[str]) -> list[Values]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(proto.SerializeToString(), options, providers=["CPUExecutionProvider"])
        types = {
            i.name: np.float16 if "float16" in i.type else np.float64 if "double" in i.type else np.float32
            for i in session.get_inputs()
        }
        return [np.asarray(o) for o in session.run(names, {n: x.astype(types[n]) for n, x in fed.items()})]
    except Exception as error:
        reason = next(iter(str(error).strip().splitlines()), "")
        raise UserError(
            f"{path}: onnxruntime cannot run it ({reason[:160]}); mend it, or remove onnxruntime to go on unchecked"
        ) from error
