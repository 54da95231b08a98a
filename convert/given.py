"""What a conversion was given: the command and contents that its files tell, and what a killed one goes on by."""

from __future__ import annotations

import hashlib
from dataclasses import fields
from pathlib import Path

from convert.bundle import NETWORK
from convert.data.dataset import Dataset
from convert.data.evaluate import targets
from convert.frontends.onnx.reading import files_beside, is_onnx
from convert.provenance import Provenance, command_line, provenance

from .options import FLAGS, Options


def origin(model_path: Path, data_path: Path, options: Options) -> Provenance:
    """The command, and the model and the data by their contents."""
    files, given = [model_path.name, "--data", data_path.name], {"model": model_path, "data": data_path}
    if options.decoder is not None:
        given["decoder"] = Path(options.decoder)
        files += ["--decoder", given["decoder"].name]
    command = command_line("convert-model", files, options, FLAGS)
    return provenance(command, seed=options.seed, given=given)


def signature(model_path: Path, dataset: Dataset, options: Options) -> str:
    """What a conversion depends on: the model's bytes, the images and labels themselves, and the options."""
    names = [field.name for field in fields(options) if FLAGS.get(field.name, "") is not None]
    chosen = {name: getattr(options, name) for name in names}
    unusual = sorted((name, value) for name, value in chosen.items() if value != getattr(Options(), name))
    digest = hashlib.sha256(repr(unusual).encode())
    if options.start_from is not None:
        digest.update((Path(options.start_from) / NETWORK).read_bytes())
    for path in _files(model_path):
        if path.is_file():
            digest.update(path.read_bytes())
    digest.update(dataset.digest(targets(dataset)).encode())
    return digest.hexdigest()


def _files(model_path: Path) -> list[Path]:
    """All files that hold the model in ``model_path``."""
    if model_path.is_dir():
        return sorted(model_path.rglob("*"))
    return [model_path, *(files_beside(model_path) if is_onnx(model_path) else [])]
