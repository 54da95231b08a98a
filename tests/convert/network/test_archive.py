"""Networks in files: the same network comes back, older files too, and what is damaged is told."""

from __future__ import annotations

import json
from dataclasses import replace
from random import Random

import numpy as np
import pytest

from convert.errors import UserError
from convert.network import HOST, Neuron, Reset
from convert.network.archive.file import load_network, save_network
from convert.network.archive.misfits import misfits
from convert.network.runnable import require_runnable
from tests.builders.following import following_case
from tests.builders.random_networks import random_case


def same(a, b):
    assert (a.input, a.dt_s, a.timesteps) == (b.input, b.dt_s, b.timesteps)
    for p, q in zip(a.populations, b.populations, strict=True):
        assert replace(p, bias_hz=None) == replace(q, bias_hz=None)
        np.testing.assert_array_equal(np.float32(p.bias_hz), q.bias_hz)
    for p, q in zip(a.projections, b.projections, strict=True):
        assert (p.source, p.target, type(p.transform)) == (q.source, q.target, type(q.transform))
        np.testing.assert_array_equal(np.float32(p.transform.weights), q.transform.weights)
        shapes = a.shape_of(p.source), a.shape_of(p.target)
        difference = p.transform.as_matrix(*shapes) - q.transform.as_matrix(*shapes)
        assert np.abs(difference).max() < 1e-4
    for p, q in zip(a.readouts, b.readouts, strict=True):
        assert replace(p, bias=None) == replace(q, bias=None)


@pytest.mark.parametrize("seed", range(6))
def test_a_network_comes_back(seed, tmp_path):
    network = random_case(Random(seed)).network
    save_network(network, tmp_path / "network.npz")
    same(network, load_network(tmp_path / "network.npz"))


def test_when_the_host_starts_and_stops_comes_back(tmp_path):
    network = random_case(Random(0)).network
    host, *chip = network.populations
    network = network.with_(populations=(replace(host, onset_step=2, end_step=9), *chip))
    save_network(network, tmp_path / "network.npz")
    same(network, load_network(tmp_path / "network.npz"))


def test_what_clears_layers_and_the_period_come_back(tmp_path):
    network = following_case(Random(0)).network
    save_network(network, tmp_path / "network.npz")
    again = load_network(tmp_path / "network.npz")
    same(network, again)
    assert again.period == network.period is not None
    weights = sum(p.transform.weights.size for p in network.projections)
    with np.load(tmp_path / "network.npz") as data:
        kept = sum(data[name].size for name in data.files if data[name].dtype == np.float32)
    assert kept < weights  # what is the same for all neurons of a layer is written once


def test_a_file_that_knows_no_period_is_read(tmp_path):
    def before(description, arrays):
        del description["period"]
        for row in description["populations"]:
            del row["clearing"]

    network = random_case(Random(0)).network
    save_network(network, tmp_path / "network.npz")
    same(network, load_network(edited(tmp_path / "network.npz", before)))


def test_rows_without_end_are_not_unpacked(tmp_path):
    def endless(description, arrays):
        rows = [p["transform"] for p in description["projections"] if p["transform"]["kind"] == "Repeated"]
        rows[0]["shape"][0] = 10**12

    network = following_case(Random(0)).network
    save_network(network, tmp_path / "network.npz")
    with pytest.raises(ValueError, match="would unpack to"):
        load_network(edited(tmp_path / "network.npz", endless))


def test_a_host_that_outlasts_the_period_is_told(tmp_path):
    network = following_case(Random(0)).network
    save_network(network.with_(period=1), tmp_path / "network.npz")
    with pytest.raises(UserError, match="of the 1 steps from image to image"):
        load_network(tmp_path / "network.npz")


def edited(path, edit):
    """The file ``path`` with its description changed by ``edit``."""
    with np.load(path) as data:
        arrays = {name: data[name] for name in data.files}
    description = json.loads(str(arrays["description"]))
    edit(description, arrays)
    np.savez(path, **{**arrays, "description": json.dumps(description)})
    return path


def as_format_2(description, arrays):
    """What version 0.1.0 wrote."""
    description["format"] = 2
    description["input_shape"] = description.pop("input")["shape"]
    for row in description["populations"]:
        row["kind"], row["start_step"] = row.pop("source_layer"), row.pop("onset_step")
        del row["end_step"]
        row["vmin"] = row.pop("neuron")["floor"]


@pytest.mark.parametrize("seed", range(3))
def test_files_of_version_0_1_0_still_read(seed, tmp_path):
    network = random_case(Random(seed)).network
    save_network(network, tmp_path / "network.npz")
    found = load_network(edited(tmp_path / "network.npz", as_format_2))
    same(network, found)
    assert all(p.neuron == HOST for p in found.populations if not p.on_chip)


def drop_population(description, arrays):
    del description["populations"][1]


def other_kernel(description, arrays):
    row = next(p for p in description["projections"] if p["transform"]["kind"] != "Sparse")
    arrays[row["transform"]["kernel"]] = np.ones((3, 3, 9, 9), np.float32)


def other_format(description, arrays):
    description["format"] = 99


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (drop_population, "one of them is missing; convert the model again"),
        (other_kernel, "does not fit their shapes; convert the model again"),
        (other_format, "has format 99 and this version reads 2 and 3; convert the model again"),
    ],
)
def test_what_does_not_fit_together_is_told(edit, sentence, tmp_path):
    save_network(random_case(Random(1)).network, tmp_path / "network.npz")
    with pytest.raises(UserError, match=sentence):
        load_network(edited(tmp_path / "network.npz", edit))


def test_a_sound_network_has_no_misfits():
    network = random_case(Random(2)).network
    assert misfits(network) == []
    turned = network.with_(populations=network.populations[::-1])
    assert misfits(turned) == []  # projections may go back
    onward = replace(network.projections[-1], source="output", target=network.chip_populations[0].name)
    from_output = network.with_(projections=(*network.projections, onward))
    assert any("takes from 'output', which is an output" in problem for problem in misfits(from_output))


@pytest.mark.parametrize(
    ("neuron", "sentence"),
    [
        (Neuron(leak=1.0), r"lose 1 of its voltage.*0 to 4095/4096"),
        (Neuron(leak=-0.1), r"lose -0.1 of its voltage"),
        (Neuron(leak=float("nan")), "lose nan of its voltage"),
        (Neuron(Reset.SUBTRACT), "keeps its overshoot"),
    ],
)
def test_neurons_that_no_target_runs_are_refused(neuron, sentence):
    network = random_case(Random(2)).network
    require_runnable(network)
    hosts = [p for p in network.populations if not p.on_chip]
    first, *others = network.chip_populations
    changed = network.with_(populations=(*hosts, replace(first, neuron=neuron), *others))
    with pytest.raises(UserError, match=sentence):
        require_runnable(changed)


@pytest.mark.parametrize("window", [{"onset_step": 2}, {"end_step": 4}])
def test_only_the_host_starts_and_stops(window):
    network = random_case(Random(2)).network
    *others, last = network.populations
    with pytest.raises(UserError, match="only the host can; let"):
        require_runnable(network.with_(populations=(*others, replace(last, **window))))
