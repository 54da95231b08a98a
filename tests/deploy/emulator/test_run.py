"""What a run promises beside its spikes: counts, state, threads, growth, refusals."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from convert.errors import UserError
from convert.network import (
    INPUT,
    Convolution,
    ConvolutionTranspose,
    Input,
    Network,
    Projection,
    Sparse,
    host_population,
)
from deploy.emulator import compile_network, drives_hz, run, stream, sweeps
from deploy.emulator.results import state_from_arrays
from partition.geometry.links import links_onto_chip
from partition.traffic.unicast import traffic
from tests.builders.block_counts import assert_counts_of_blocks
from tests.builders.random_networks import Case, random_case


@pytest.fixture(scope="module")
def case() -> Case:
    return random_case(Random(3), images=5)


def test_counts_are_those_of_the_built_model(case: Case) -> None:
    assert_counts_of_blocks(case)


@pytest.mark.parametrize("seed", [0, 2, 3])
def test_counts_where_pixels_are_left_out(seed: int) -> None:
    assert_counts_of_blocks(random_case(Random(seed), crops=True))


@pytest.mark.parametrize("seed", range(6))
def test_messages_are_those_that_the_partition_predicts_from_the_rates(seed: int) -> None:
    case = random_case(Random(seed), images=1)
    network, steps = case.network, case.network.timesteps
    try:
        program = compile_network(network, case.partition)
    except UserError:  # weights and biases without common integers
        return
    names = [layer.name for layer in program.layers]
    (result,) = run(program, case.drives_hz, record=names)
    fired = {name: result.spikes[name].raster(program.layer(name)).sum(axis=0) for name in names}
    rates = {name: spikes / (steps * network.dt_s) for name, spikes in fired.items()}
    graph = traffic(network, links_onto_chip(network), case.partition.tiles, rates)
    chip = np.array([block.chip for block in case.partition.blocks])
    counts = [result.counts[layer.name] for layer in program.chip_layers]
    assert sum(count.interchip for count in counts) == pytest.approx(steps * graph.interchip(chip))
    assert sum(count.messages for count in counts) == pytest.approx(steps * graph.total)
    assert result.counts["host"].messages == pytest.approx(steps * graph.host)
    renamed = np.array([2, 0, 1])[chip]
    assert graph.interchip(renamed) == pytest.approx(graph.interchip(chip))


def test_threads_and_batches_change_nothing(case: Case) -> None:
    program = compile_network(case.network, case.partition)
    names = [layer.name for layer in program.layers]
    one = run(program, case.drives_hz, record=names, threads=1)
    three = run(program, case.drives_hz, record=names, threads=3)
    shared = run(program, case.drives_hz, record=names, threads=9)
    singly = [run(program, {"host": d[None]}, record=names, threads=1)[0] for d in case.drives_hz["host"]]
    for others in (three, shared, singly):
        for a, b in zip(one, others, strict=True):
            assert a.counts == b.counts
            for name in names:
                np.testing.assert_array_equal(a.spikes[name].events, b.spikes[name].events)
                np.testing.assert_array_equal(a.spikes[name].pointer, b.spikes[name].pointer)


def test_an_interrupted_continuous_run_goes_on_where_it_stopped(case: Case) -> None:
    program = compile_network(case.network, case.partition)
    names = [layer.name for layer in program.layers]
    whole = run(program, case.drives_hz, continuous=True, record=names)
    first = run(program, {"host": case.drives_hz["host"][:2]}, continuous=True, record=names)
    saved = {key: value.copy() for key, value in first[-1].state.to_arrays().items()}
    state = state_from_arrays(saved)
    later = run(program, {"host": case.drives_hz["host"][2:]}, continuous=True, record=names, state=state)
    for a, b in zip(whole, [*first, *later], strict=True):
        assert a.counts == b.counts
        for name in names:
            np.testing.assert_array_equal(a.spikes[name].events, b.spikes[name].events)


def test_room_for_events_grows(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    program = compile_network(case.network, case.partition)
    expected = run(program, case.drives_hz, continuous=True, threads=1)
    monkeypatch.setattr(sweeps, "EXPECTED_ACTIVITY", 0.0)
    got = run(program, case.drives_hz, continuous=True, threads=1)
    assert [result.counts for result in got] == [result.counts for result in expected]


def test_small_strips_change_nothing(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    from deploy.emulator import compile as compiling

    expected = run(compile_network(case.network, case.partition), case.drives_hz, continuous=True)
    monkeypatch.setattr(compiling, "STRIP_NEURONS", 1)
    got = run(compile_network(case.network, case.partition), case.drives_hz, continuous=True)
    assert [result.counts for result in got] == [result.counts for result in expected]


def test_images_are_read_only_a_few_ahead(case: Case) -> None:
    program = compile_network(case.network, case.partition)
    read: list[int] = []

    def images():
        for i in range(50):
            read.append(i)
            yield {"host": case.drives_hz["host"][i % 5]}

    results = stream(program, images(), threads=2)
    next(results)
    assert len(read) <= 5
    assert len(list(results)) == 49


def test_drives_do_not_depend_on_the_batch(case: Case) -> None:
    images = np.random.default_rng(0).random((4, *case.network.input.shape))
    together = drives_hz(case.network, images)["host"]
    for image, drive in zip(images, together, strict=True):
        np.testing.assert_array_equal(drives_hz(case.network, image[None])["host"][0], drive)


def test_drives_are_the_affine_map_of_the_image(case: Case) -> None:
    from scipy.signal import correlate2d

    image = np.random.default_rng(0).random(case.network.input.shape)
    (projection,) = [p for p in case.network.projections if p.source == INPUT]
    assert not isinstance(projection.transform, Sparse)
    kernel = projection.transform.kernel
    padded = np.pad(image[:, :, 0], 1)
    expected = np.stack([correlate2d(padded, kernel[:, :, 0, c], "valid") for c in range(kernel.shape[3])], axis=-1)
    np.testing.assert_allclose(drives_hz(case.network, image[None])["host"][0], expected.ravel(), atol=1e-9)


SIDES = {
    (Convolution, "same"): lambda n, k, stride: -(-n // stride),
    (Convolution, "valid"): lambda n, k, stride: (n - k) // stride + 1,
    (ConvolutionTranspose, "same"): lambda n, k, stride: n * stride,
    (ConvolutionTranspose, "valid"): lambda n, k, stride: (n - 1) * stride + max(k, stride),
}


@pytest.mark.parametrize(("kind", "padding"), SIDES)
@pytest.mark.parametrize("strides", [(1, 1), (2, 2), (3, 1)])
def test_drives_of_strided_kernels(kind: type, padding: str, strides: tuple[int, int]) -> None:
    rng, seen = np.random.default_rng(0), (7, 8, 2)
    transform = kind(rng.normal(size=(3, 4, 2, 3)), strides, padding)
    rows, columns = (SIDES[kind, padding](n, k, s) for n, k, s in zip(seen, (3, 4), strides, strict=False))
    network = Network(
        Input(seen),
        (host_population("host", "host", rng.normal(size=(rows, columns, 3)), 1.0),),
        (Projection(INPUT, "host", transform),),
        (),
        timesteps=1,
    )
    image = rng.random(seen)
    expected = transform.as_matrix(seen, (rows, columns, 3)) @ image.ravel()
    found = drives_hz(network, image[None])["host"][0] - network.population("host").bias_hz.ravel()
    assert np.abs(expected).max() > 1
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_refusals_name_every_problem(case: Case) -> None:
    program = compile_network(case.network, case.partition)
    with pytest.raises(UserError) as caught:
        run(program, case.drives_hz, 0, windows=[(3, 2)], record=["nowhere"])
    assert len(caught.value.problems) == 3
