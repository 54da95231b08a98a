"""Where a file comes from: the command, the versions, and by its contents what it was made from."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import fields
from functools import cache
from importlib import metadata
from pathlib import Path
from platform import python_version
from typing import Any

import msgspec

from convert.storage.digests import digest, digest_of_code

PACKAGES = ("convert", "partition", "deploy")
LIBRARIES = (
    "tensorflow",
    "tf-keras",
    "keras",
    "nengo",
    "nengo-dl",
    "nengo-loihi",
    "numpy",
    "scipy",
    "numba",
    "h5py",
    "onnx",
    "pillow",
    "tifffile",
    "scikit-image",
    "pymetis",
    "mtkahypar",
    "scs",
    "matplotlib",
    "msgspec",
)
"""What numbers and pictures depend on."""
BUNDLE = "BUNDLE"
"""Stands in commands for the bundle, whose own name changes nothing in it."""


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """A file or folder that the user gave: its name, without the folders above it, and its contents."""

    name: str
    sha256: str


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """Where a file comes from; nothing in it tells of a machine, a time or a folder.

    Digests are SHA-256 in hex, as ``convert.storage.digests`` has them: those of reports leave their timings out.
    """

    command: str
    """As it is to be given again: every option that is not left at its default; files without their folders."""
    versions: dict[str, str] = {}
    """Of ann2loihi, Python and the libraries that numbers and pictures depend on."""
    code_sha256: str | None = None
    """Of the Python files of this program: a version that is being worked on has many."""
    seed: int | None = None
    given: dict[str, Given] = {}
    """'model', 'data', 'board' and 'devices': the user's own files."""
    made_from: dict[str, str] = {}
    """Digests of the files of the bundle that it was made from, by their names."""
    parts: dict[str, str] = {}
    """Digests of the files that were written with it, by their names."""

    def __str__(self) -> str:
        """One line, for files that hold no more."""
        sources = [f"{what} {given.name} {given.sha256}" for what, given in self.given.items()]
        sources += [f"{name} {sha256}" for name, sha256 in self.made_from.items()]
        version = f"ann2loihi {self.versions.get('ann2loihi', '')}".strip()
        return f"{self.command} ({version}); from {', '.join(sources) or 'no file'}"


def provenance(
    command: str,
    *,
    seed: int | None = None,
    given: Mapping[str, Path] | None = None,
    made_from: Mapping[str, str] | None = None,
) -> Provenance:
    """The provenance of what ``command`` writes from the ``given`` files; their contents are read here."""
    return Provenance(
        command=command,
        versions=dict(_versions()),
        code_sha256=_code_sha256(),
        seed=seed,
        given={what: Given(name=path.name, sha256=digest(path)) for what, path in (given or {}).items()},
        made_from=dict(made_from or {}),
    )


def digests(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """The digests of the files ``names`` in ``folder`` that are there."""
    return {name: digest(folder / name) for name in names if (folder / name).exists()}


def command_line(program: str, files: Iterable[str], options: Any, flags: Mapping[str, str | None]) -> str:
    """What to type for ``options``, a dataclass: its fields that are not at their defaults, by their ``flags``.

    A flag that is missing is the name of its field; None leaves the field out, as one that changes no result.
    """
    words = [program, *files]
    for field in fields(options):
        value, flag = getattr(options, field.name), flags.get(field.name, "--" + field.name.replace("_", "-"))
        if flag is None or value == field.default:
            continue
        words += [flag] if isinstance(value, bool) else [flag, *_words(value)]
    return shlex.join(words)


def _words(value: object) -> list[str]:
    return [str(part) for part in value] if isinstance(value, (tuple, list)) else [str(value)]


def code_versions() -> dict[str, str]:
    """What has to be the same on two machines that share the work of one command."""
    own = {name: version for name, version in _versions() if name in ("ann2loihi", "numpy")}
    return {**own, "code": _code_sha256()[:12]}


@cache
def _versions() -> tuple[tuple[str, str], ...]:
    own = _version("ann2loihi") or _version("ann2loihi-light")
    found = [("ann2loihi", own), ("python", python_version())]
    found += [(name, _version(name)) for name in LIBRARIES]
    return tuple((name, version) for name, version in found if version is not None)


def _version(name: str) -> str | None:
    """The version that is installed, None if none is."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


@cache
def _code_sha256() -> str:
    root = Path(__file__).resolve().parents[1]
    return digest_of_code([root / name for name in PACKAGES])
