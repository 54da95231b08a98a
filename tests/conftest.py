"""A tiny classifier, its data and its bundle, made once for all tests that need one."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

BUDGET_S = 10.0
"""A test that takes longer belongs to the slow ones; the end of a run names those that are not marked."""


def pytest_terminal_summary(terminalreporter):
    over = [
        (report.duration, report.nodeid)
        for report in terminalreporter.getreports("passed")
        if report.when == "call" and report.duration > BUDGET_S and "slow" not in report.keywords
    ]
    for duration_s, name in sorted(over, reverse=True):
        terminalreporter.write_line(
            f"{duration_s:.0f} s, more than {BUDGET_S:.0f}: mark it slow or make it shorter: {name}"
        )


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """A folder with model.keras (8 x 8 x 3 to 3 classes, a residual block), data.npz and tiny.bundle, partitioned."""
    from click.testing import CliRunner

    from convert.cli import main as convert_model
    from convert.upstream.tensorflow import load_keras3
    from partition.cli import main as partition_model
    from tests.builders.keras_models import randomized

    folder = tmp_path_factory.mktemp("tiny")
    keras = load_keras3()
    keras.utils.set_random_seed(0)
    layers = keras.layers
    image = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, padding="same", activation="relu", name="stem")(layers.Rescaling(1 / 255)(image))
    y = layers.ReLU(name="inner")(layers.Conv2D(6, 3, strides=2, padding="same")(x))
    y = layers.Add()([layers.Conv2D(6, 1, strides=2)(x), layers.Conv2D(6, 3, padding="same")(y)])
    y = layers.GlobalAveragePooling2D()(layers.ReLU(name="outer")(y))
    model = randomized(keras.Model(image, layers.Dense(3, activation="softmax", name="head")(y)))
    model.save(folder / "model.keras")
    rng = np.random.default_rng(0)
    np.savez(folder / "data.npz", x=rng.integers(0, 256, (6, 8, 8, 3), np.uint8), y=np.array([0, 1, 2, 0, 1, 2]))
    arguments = [folder / "model.keras", "--data", folder / "data.npz", "-o", folder / "tiny.bundle", "--timesteps", 32]
    for command, given in ((convert_model, arguments), (partition_model, [folder / "tiny.bundle"])):
        result = CliRunner().invoke(command, [str(argument) for argument in given])
        assert result.exit_code == 0, result.output + str(result.exception)
    return folder


@pytest.fixture
def tiny_bundle(tiny, tmp_path):
    """A copy of the bundle that a test may spoil."""
    shutil.copytree(tiny / "tiny.bundle", tmp_path / "tiny.bundle")
    return tmp_path / "tiny.bundle"
