"""What files say about where they come from: commands that can be given again, contents, nothing of this machine."""

from __future__ import annotations

import json
import shlex
import subprocess
from dataclasses import fields
from pathlib import Path

import click
import numpy as np
import pytest

from convert.cli import main as convert_model
from convert.errors import UserError
from convert.options import FLAGS, Options
from convert.provenance import command_line, provenance
from convert.storage.digests import digest
from deploy.cli import main as deploy_model
from deploy.runs.options import FLAGS as RUN_FLAGS
from deploy.runs.options import RunOptions
from partition.cli import main as partition_model
from partition.options import SearchOptions

CONVERSION = Options(
    fine_tune_epochs=2,
    spiking_batches=7,
    steps=9,
    recipe="single-step",
    surrogate="arctan",
    spike_penalty=0.25,
    rate_loss=0.125,
    percentile=99.0,
    rates_hz=(100.0, 250.5),
    one_scale=True,
    max_pooling="strided",
    output="a name with 'quotes'",
    metric="accuracy",
    timesteps=64,
    synapse_s=0.002,
    vmin=-4.0,
    relay="stem_relu,a",
    calibration_images=32,
    seed=11,
)
RUN = RunOptions(target="emulator", images=3, skip=2, timesteps=40, continuous=True, window=0.25, every=2, early=0.5)
SEARCH = SearchOptions(board="nahuku-8", chips=2, objective="link", seed=3, seconds=7.5)


@pytest.mark.parametrize(
    ("command", "files", "options", "flags"),
    [
        (convert_model, ["m.keras", "--data", "d.npz"], CONVERSION, FLAGS),
        (partition_model, ["BUNDLE"], SEARCH, {}),
        (deploy_model, ["BUNDLE", "--data", "d"], RUN, RUN_FLAGS),
    ],
    ids=["convert", "partition", "deploy"],
)
def test_the_command_can_be_given_again(command, files, options, flags):
    """Every option comes back through the command's own parser, and those at their defaults are left out."""
    words = shlex.split(command_line("program", files, options, flags))
    parsed = command.make_context("program", words[1:]).params
    names = {"fine_tune_epochs": "fine_tune", "rates_hz": "rates"}
    compared = [field.name for field in fields(options) if flags.get(field.name, "") is not None]
    for name in compared:
        if name != "metric_images":  # no option of the command
            assert parsed[names.get(name, name)] == getattr(options, name), name
    assert command_line("program", files, type(options)(), flags) == shlex.join(["program", *files])


def test_every_option_has_a_flag_that_the_command_knows():
    for command, kind, flags in ((convert_model, Options, FLAGS), (deploy_model, RunOptions, RUN_FLAGS)):
        known = {word for parameter in command.params if isinstance(parameter, click.Option) for word in parameter.opts}
        for field in fields(kind):
            flag = flags.get(field.name, "--" + field.name.replace("_", "-"))
            assert flag is None or flag in known or field.name == "metric_images"


def test_the_digest_of_a_folder_is_that_of_its_files_wherever_they_lie(tmp_path):
    for place in ("a", "b/c"):
        folder = tmp_path / place
        (folder / "cats").mkdir(parents=True)
        (folder / "cats" / "1.png").write_bytes(b"cat")
        (folder / "x.txt").write_bytes(b"text")
        (folder / ".DS_Store").write_bytes(place.encode())
    assert digest(tmp_path / "a") == digest(tmp_path / "b" / "c")
    shell = "find . -type f -not -name '.*' -printf '%P\\n' | LC_ALL=C sort | xargs sha256sum | sha256sum"
    listed = subprocess.run(shell, shell=True, cwd=tmp_path / "a", capture_output=True, text=True, check=True).stdout
    assert listed.split()[0] == digest(tmp_path / "a")
    (tmp_path / "a" / "x.txt").rename(tmp_path / "a" / "y.txt")
    assert digest(tmp_path / "a") != digest(tmp_path / "b" / "c")


def test_the_digest_of_a_report_leaves_its_timings_out(tmp_path):
    path = tmp_path / "a.json"
    found = set()
    for timings in ({"timings": 1}, {"timings": {"seconds": 2}}):
        path.write_text(json.dumps({"b": 1.5, **timings, "a": "ä"}))
        found.add(digest(path))
    path.write_text(json.dumps({"b": 2.5, "timings": 1, "a": "ä"}))
    assert len(found) == 1
    assert digest(path) not in found
    path.write_bytes(b"{ no JSON")
    assert digest(path) == subprocess.run(["sha256sum", path], capture_output=True, text=True).stdout.split()[0]


def test_what_cannot_be_read_is_a_sentence(tmp_path):
    with pytest.raises(UserError, match=r"none: no such file or folder$"):
        provenance("a command", given={"data": tmp_path / "none"})


def test_nothing_in_a_bundle_tells_of_the_folders_of_its_maker(tiny):
    """A supplement of a paper shows no private paths."""
    made, home = str(tiny), str(Path.home())
    for path in (tiny / "tiny.bundle").iterdir():
        content = path.read_bytes()
        assert made.encode() not in content, path
        assert home.encode() + b"/" not in content, path
    told = json.loads((tiny / "tiny.bundle" / "conversion.json").read_text())["provenance"]
    assert told["command"] == "convert-model model.keras --data data.npz --timesteps 32"
    assert told["given"]["data"] == {"name": "data.npz", "sha256": digest(tiny / "data.npz")}
    assert told["versions"]["numpy"] == np.__version__


def test_pictures_tell_where_they_come_from(tiny):
    for name, words in (("rates.svg", "convert-model model.keras"), ("partition.svg", "partition-model BUNDLE")):
        picture = (tiny / "tiny.bundle" / name).read_text()
        assert f"<dc:description>{words}" in picture
