"""The memory of a run: no more for more images or more readouts, and refused first where there is too little."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from convert.bundle import load_network, save_bundle
from convert.calibration.bias_onset import with_bias_onset
from convert.errors import UserError
from convert.network import (
    INPUT,
    Convolution,
    Input,
    Network,
    Population,
    Projection,
    Readout,
    host_population,
)
from convert.network.extent import extent_of
from convert.report import ConversionReport, OutputGrid
from deploy import RunOptions, run
from deploy.runs.foreseen import Load, require_room, run_of
from deploy.runs.opening import network_to_run
from partition.files import write_partition
from partition.search import partition
from tests.builders.one_neuron import chain

SIZE = 64


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """A segmentation of 64 x 64 pixels by one neuron for each."""
    shape = (SIZE, SIZE, 1)
    one = np.ones((1, 1, 1, 1))
    network = Network(
        Input(shape),
        (
            host_population("host", "Conv2D", np.zeros(shape), 1.0),
            Population("chip", "Conv2D", shape, np.zeros(shape), 1.0),
        ),
        (
            Projection(INPUT, "host", Convolution(0.5 * one, (1, 1), "same")),
            Projection("host", "chip", Convolution(0.01 * one, (1, 1), "same")),
            Projection("chip", "out", Convolution(0.1 * one, (1, 1), "same")),
        ),
        (Readout("out", shape, np.full(shape, -3.0), "sigmoid"),),
        timesteps=32,
    )
    folder = tmp_path_factory.mktemp("memory") / "map.bundle"
    rates = {p.name: np.full(p.shape, 50.0, np.float32) for p in network.populations}
    grid = OutputGrid(input_size=(SIZE, SIZE), size=(SIZE, SIZE))
    report = ConversionReport(
        input_shape=shape, task="segmentation", output_grid=grid, dt_s=network.dt_s, timesteps=network.timesteps
    )
    save_bundle(folder, network, rates, report, rate_network=network)
    write_partition(folder, partition(network, rates, seconds=2), network)
    return folder


def peak_bytes(bundle, folder, images, **options):
    """The most memory that a run of so many images takes; they lie in files."""
    rng = np.random.default_rng(0)
    for name in ("image", "label"):
        (folder / name).mkdir(parents=True)
    for i in range(images):
        pixels = rng.integers(0, 256, (8, 8), np.uint8).repeat(SIZE // 8, 0).repeat(SIZE // 8, 1)
        Image.fromarray(pixels).save(folder / "image" / f"{i}.png")
        Image.fromarray((pixels > 128).astype(np.uint8)).save(folder / "label" / f"{i}.png")
    tracemalloc.start()
    report = run(bundle, folder, RunOptions(measure=False, threads=1, name=folder.name, **options))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert report.images == images
    return peak


@pytest.mark.slow
def test_memory_does_not_grow_with_images_and_their_readouts(bundle, tmp_path):
    peak_bytes(bundle, tmp_path / "warm", 1)
    few, many = (peak_bytes(bundle, tmp_path / f"of{count}", count, every=2) for count in (4, 40))
    one_output = SIZE * SIZE * 4
    assert many - few < 36 * one_output  # with what the report has of each image; 16 readouts would be 16 times that
    assert many - few < (few - one_output) / 2


def load(**changes):
    defaults = {
        "steps": 128,
        "windows": 16,
        "images": 10,
        "crops": 1,
        "at_a_time": 1,
        "threads": 8,
        "batch": 1,
        "measured": 32,
        "tensorflow": True,
    }
    return Load(**(defaults | changes))


def test_fewer_threads_are_taken_where_memory_is_short(bundle):
    extent = extent_of(load_network(bundle))
    given = load(at_a_time=64, crops=100)
    alone = run_of(extent, load(at_a_time=64, crops=100, threads=1)).bytes
    all_threads = run_of(extent, given).bytes
    assert alone < all_threads
    assert require_room(extent, given, int(all_threads) + 1) == given
    assert require_room(extent, given, int(alone) + 1).threads == 1


def test_too_little_memory_is_refused_with_the_way_out_that_helps(bundle, tmp_path):
    for memory, way_out in ((100 * 2**20, "use a machine with more"), (10 * 2**20, "use a machine with more")):
        with pytest.raises(UserError, match=f"of memory are foreseen .* given with --memory; {way_out}"):
            peak_bytes(bundle, tmp_path / f"{memory}", 1, memory=memory)
        assert not (bundle / "runs" / f"{memory}").exists()
    extent = extent_of(load_network(bundle))
    large = load(measured=10**6, threads=1)
    with pytest.raises(UserError, match="leave out the measuring with --no-measure, or allow more with --memory"):
        require_room(extent, large, int(run_of(extent, replace(large, measured=0)).bytes) + 1)
    large = load(windows=10**4, threads=1)
    with pytest.raises(UserError, match="read out once with --every 128"):
        require_room(extent, large, int(run_of(extent, replace(large, windows=1)).bytes) + 1)


def test_steps_that_end_before_the_last_bias_starts_are_refused_at_once(tmp_path):
    network, _ = chain(0.6, bias_hz=20.0)
    late = with_bias_onset(network, {"chip": 20})
    report = ConversionReport(input_shape=network.input.shape, dt_s=network.dt_s, timesteps=network.timesteps)
    rates = {p.name: np.full(p.shape, 50.0, np.float32) for p in late.populations}
    save_bundle(tmp_path / "late.bundle", late, rates, report)
    assert network_to_run(load_network(tmp_path / "late.bundle"), RunOptions(timesteps=21)).timesteps == 21
    with pytest.raises(UserError, match=r"20 timesteps end before .* starts at step 20; use --timesteps 40 or more"):
        network_to_run(load_network(tmp_path / "late.bundle"), RunOptions(timesteps=20))
