"""Packages that a light installation leaves out, or somebody else did, and how each is had after all."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec
from typing import NamedTuple

from .errors import UserError


class LeftOut(NamedTuple):
    """What a package is called, and the commands that install it."""

    name: str
    how: str


TENSORFLOW = LeftOut("TensorFlow", "pip install 'tensorflow>=2.21,<2.22' 'tf-keras>=2.21,<2.22' 'keras>=3.10,<4'")
NENGO = LeftOut("Nengo with NengoLoihi", "pip install 'nengo>=4.1,<4.2' 'nengo-loihi>=1.1,<1.2'")
NENGO_DL = LeftOut(
    "NengoDL",
    "pip install 'setuptools<81' wheel, then pip install --no-build-isolation 'nengo-dl>=3.6,<3.7'",
)
ONNX = LeftOut("ONNX", "pip install 'onnx>=1.17,<2'")
LITERT = LeftOut("LiteRT", "pip install 'ai-edge-litert>=2,<3'")

LEFT_OUT = {
    "tensorflow": TENSORFLOW,
    "tf_keras": TENSORFLOW,
    "keras": TENSORFLOW,
    "nengo": NENGO,
    "nengo_loihi": NENGO,
    "nengo_dl": NENGO_DL,
    "onnx": ONNX,
    "ai_edge_litert": LITERT,
}
"""By the name that is imported."""


def require(what: str, modules: Iterable[str]) -> None:
    """Raises ``UserError`` with a sentence for each package of ``modules`` that ``what`` needs and is not installed."""
    missing = dict.fromkeys(LEFT_OUT[module] for module in modules if not installed(module))
    if missing:
        raise UserError([_sentence(what, package) for package in missing])


def installed(module: str) -> bool:
    """Whether the ``module`` can be imported."""
    return find_spec(module) is not None


def told(error: BaseException) -> str | None:
    """One sentence if ``error`` says that one of these packages is not installed, else None."""
    if not isinstance(error, ModuleNotFoundError) or error.name is None:
        return None
    package = LEFT_OUT.get(error.name.partition(".")[0])
    return None if package is None else _sentence("this", package)


def _sentence(what: str, package: LeftOut) -> str:
    return f"{what} needs {package.name}, which is not installed here: {package.how}"
