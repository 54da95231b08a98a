"""What every refusal has to be, and things that are refused by more than one command."""

from __future__ import annotations

import json
import re

import numpy as np
from click.testing import CliRunner
from PIL import Image


def refused(command, arguments, *sentences, folder):
    """Asserts that ``command`` exits with 2, says just ``sentences`` (regular expressions) and changes nothing."""
    before = contents(folder)
    result = CliRunner().invoke(command, [str(argument) for argument in arguments])
    said = result.stderr.splitlines()
    assert result.exit_code == 2, result.stderr + repr(result.exception)
    assert len(said) == len(sentences), result.stderr
    for line, sentence in zip(said, sentences, strict=True):
        assert re.search(f"^error: .*{sentence}", line), line
    assert contents(folder) == before


def contents(folder):
    """Every file and folder in ``folder`` with its bytes."""
    return {path: path.read_bytes() if path.is_file() else None for path in sorted(folder.rglob("*"))}


def empty(path):
    path.write_bytes(b"")


def text(path):
    path.write_text("Dear reader,\nthis is not a network.\n")


def cut_in_half(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def pixels(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def class_folders(*names, size=(8, 8)):
    def write(path):
        for name in names:
            (path / name).mkdir(parents=True)
            Image.fromarray(pixels(*size, 3)).save(path / name / "a.png")

    return write


def damaged_image(path):
    """Whole headers, half the pixels."""
    class_folders("a", "b", "c")(path)
    Image.fromarray(pixels(8, 8, 3)).save(path / "b" / "a.png", compress_level=0)
    whole = (path / "b" / "a.png").read_bytes()
    (path / "b" / "a.png").write_bytes(whole[: len(whole) // 2])


def fake_run(bundle, name="fast", **changes):
    """The least run that can be reported."""
    run = {
        "target": "fast",
        "images": 1,
        "timesteps": 8,
        "exact": True,
        "layers": [],
        "devices_measured": [],
        "metrics": {
            "ann": {"accuracy": 1.0},
            "snn": {"accuracy": 1.0},
            "by_timestep": [{"timesteps": 8, "accuracy": 1.0}],
        },
        **changes,
    }
    (bundle / "runs" / name).mkdir(parents=True)
    (bundle / "runs" / name / "run.json").write_text(json.dumps(run))
