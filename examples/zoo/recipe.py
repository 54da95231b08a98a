"""A network of the zoo: what it is, what it was trained on, what it is measured on, and its command lines."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from convert.errors import UserError

CommandName = Literal["convert-model", "train-model", "partition-model", "deploy-model", "energy-report"]


@dataclass(frozen=True)
class Given:
    """The files that a user has, and the folder that is written to."""

    out: Path
    model: Path | None = None
    data: Path | None = None


@dataclass(frozen=True)
class Files:
    """What the commands are given: a model, data that it is converted with, data that it is measured on."""

    model: Path
    train: Path
    test: Path

    def save(self, file: Path) -> None:
        """Writes the three paths as JSON."""
        file.write_text(json.dumps({name: str(path) for name, path in asdict(self).items()}), encoding="utf-8")

    @classmethod
    def load(cls, file: Path) -> Files:
        """What ``save`` wrote."""
        return cls(**{name: Path(path) for name, path in json.loads(file.read_text(encoding="utf-8")).items()})


@dataclass(frozen=True)
class Recipe:
    """``prepare`` brings ``Files`` about from what is given; ``architecture`` writes the
    model untrained, to be checked (None: the file that is given has it).

    ``source`` says whose design and whose weights, ``trained`` on what and for how long, ``data`` what the accuracy is
    of: it begins with "stand-in:" or "synthetic:" where that is not what the design is known for. ``takes_model`` and
    ``takes_data`` say what a user gives (None: nothing); a model may be left out where ``makes_model``. ``begins_with``
    is the first of the commands, ``options`` are theirs; ``remark`` says more, from the files and the run's folder.
    """

    name: str
    title: str
    source: str
    trained: str
    data: str
    architecture: Callable[[Path], Path] | None
    prepare: Callable[[Given], Files]
    remark: Callable[[Files, Path], str] | None = None
    takes_model: str | None = None
    takes_data: str | None = None
    makes_model: bool = True
    begins_with: Literal["convert-model", "train-model"] = "convert-model"
    options: Mapping[CommandName, str] = field(default_factory=dict)

    def problems(self, given: Given) -> list[str]:
        """What of ``given`` is missing or not there, one sentence each."""
        found = []
        for option, path, takes, needed in (
            ("--model", given.model, self.takes_model, not self.makes_model),
            ("--data", given.data, self.takes_data, self.takes_data is not None),
        ):
            if path is None and needed:
                found.append(f"{self.name}: {option} is missing; give {takes}")
            elif path is not None and takes is None:
                found.append(f"{self.name} takes no {option}, it makes its own; leave {option} {path} out")
            elif path is not None and not path.exists():
                found.append(f"{self.name}: {option} {path} does not exist; give {takes}")
        return found

    def require(self, given: Given) -> None:
        """Raises ``UserError`` with all ``problems``."""
        if problems := self.problems(given):
            raise UserError(problems)


def there(path: Path, *names: str, what: str) -> Path:
    """``path``, in which all of ``names`` are; else ``UserError`` says which are missing of ``what``."""
    if missing := [name for name in names if not (path / name).exists()]:
        raise UserError(f"{path} has no {', '.join(missing)}; give {what}")
    return path
