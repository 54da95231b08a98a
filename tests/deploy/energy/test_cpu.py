"""The engines on small models: what they compute, what they say, and what becomes of a model that one does not run."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from convert.upstream.tensorflow import load_tensorflow, load_tf_keras
from deploy.device_report import MeasuredEntry, devices_in
from deploy.energy.cpu import Pace, Subject
from deploy.energy.engines.engine import Engine, predictor_of
from deploy.energy.engines.registry import ENGINES
from deploy.energy.engines.saved_model import save_for_engines
from deploy.energy.macs import total_macs
from deploy.energy.measure import measure_model
from deploy.energy.measuring_process import CALIBRATION, INPUTS, SAVED, EngineError, Job, points_of
from deploy.energy.meters import rapl_meter

SHORT = Pace(batches=(1, 2), repeats=3, seconds=0.02, processes_of_one_thread=1, processes=2)


@pytest.fixture(scope="module")
def subject():
    """A convolution, a pooling, a transposed convolution and an addition on 8 x 8 x 3 pixels, 20 images of 0 to 255."""
    keras = load_tf_keras()
    keras.utils.set_random_seed(3)
    layers = keras.layers
    image = keras.Input((8, 8, 3))
    x = layers.Conv2D(8, 3, padding="same", activation="relu")(layers.Rescaling(1 / 255)(image))
    y = layers.Conv2DTranspose(8, 2, strides=2, activation="relu")(layers.AveragePooling2D()(x))
    y = layers.Flatten()(layers.Add()([x, y]))
    model = keras.Model(image, layers.Dense(4, activation="sigmoid")(y))
    images = np.random.default_rng(0).integers(0, 256, (20, 8, 8, 3)).astype(np.float32)
    return Subject(model, images, images[:16], "16 inputs of a test")


def installed(engine: Engine) -> Engine:
    if engine.missing:
        pytest.skip(engine.missing)
    return engine


@pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)
@pytest.mark.parametrize("batch", [1, 3])
def test_an_engine_computes_what_the_model_does(engine, batch, subject, tmp_path):
    installed(engine)
    save_for_engines(subject.model, subject.shape, (batch,), tmp_path / "saved")
    (tmp_path / "own").mkdir()
    engine.prepare(tmp_path / "saved", subject.calibration, tmp_path / "own", (batch,))
    predictor = predictor_of(engine.open(tmp_path / "own", batch, 1), batch)
    wanted = subject.model(subject.inputs[:4]).numpy()
    found = predictor(subject.inputs[:4])
    assert found.shape == wanted.shape
    assert found.dtype == np.float32
    apart = np.abs(found - wanted).max()
    assert apart < (0.03 if engine.precision == "int8" else 1e-5)
    assert (apart > 1e-5) == (engine.precision == "int8")  # eight bits are eight bits


@pytest.fixture(scope="module")
def entries(subject):
    """Every row of this machine, as run.json has them; the eight bits are scored by how far they are off."""

    def score(predictor):
        return {"mse": float(np.mean((predictor(subject.inputs) - subject.model(subject.inputs).numpy()) ** 2))}

    return measure_model(replace(subject, score=score), package_watts=8.0, pace=SHORT)


@pytest.mark.slow
@pytest.mark.skipif(rapl_meter() is not None, reason="RAPL can be read here, so no power is assumed")
def test_every_engine_has_its_rows(entries):
    devices = devices_in(entries)
    there = [engine for engine in ENGINES.values() if not engine.missing]
    assert {d.execution.engine for d in devices} == {engine.name for engine in there}
    for device in devices:
        run = device.execution
        assert run.cpu_seconds.low <= run.cpu_seconds.median <= run.cpu_seconds.high
        assert run.processes == SHORT.processes_for(run.threads)
        assert run.cpu_seconds.repeats == run.processes * SHORT.repeats
        per_core = device.joules_per_inference.total / run.cpu_seconds.median
        assert any(f"{per_core:.3g} W times the CPU time" in a for a in device.assumptions)
        assert any("8 W given" in a for a in device.assumptions)
        assert not device.measured
        eight_bits = run.precision == "int8"
        assert (isinstance(run.metrics, dict) and 0 < run.metrics["mse"] < 1e-3) == eight_bits
        assert any("eight bits chosen on 16 inputs of a test" in a for a in device.assumptions) == eight_bits
    for engine in there:
        first = next(d for d in devices if d.execution.engine == engine.name)
        assert (first.batch, first.execution.threads) == (1, 1)


@pytest.mark.slow
def test_what_was_measured_goes_through_run_json(entries, subject):
    again = msgspec.json.decode(msgspec.json.encode(entries), type=tuple[MeasuredEntry, ...])
    assert again == entries
    assert {entry.macs for entry in entries} == {total_macs(subject.model)}
    assert [e.device().reason for e in entries if e.name == "this GPU"] == ["none here: TensorFlow finds no GPU"]


@pytest.mark.slow
def test_a_model_that_an_engine_does_not_run_is_named_with_what_it_said(tmp_path):
    """LiteRT has no integers for the logarithm of the gamma function."""
    keras, tf = load_tf_keras(), load_tensorflow()
    image = keras.Input((4, 4, 1))
    model = keras.Model(image, keras.layers.Lambda(lambda x: tf.raw_ops.Lgamma(x=x + 1.0))(image))
    save_for_engines(model, (4, 4, 1), (1,), tmp_path / SAVED)
    for name in (CALIBRATION, INPUTS):
        np.save(tmp_path / name, np.ones((8, 4, 4, 1), np.float32))
    folder = str(tmp_path / "own")
    job = Job(
        engine="LiteRT",
        common=str(tmp_path),
        folder=folder,
        threads=1,
        batches=(1,),
        seconds=0.01,
        repeats=1,
        powercap="",
    )
    with pytest.raises(EngineError, match=r"\w+"):
        points_of(job)


def test_an_engine_that_is_not_installed_says_what_brings_it():
    missing = replace(ENGINES["OpenVINO"], modules=("openvino_that_is_not_there",))
    assert "openvino_that_is_not_there not installed" in missing.missing
    assert "ann2loihi[openvino]" in missing.missing


def test_openvino_sends_no_telemetry(subject, tmp_path):
    installed(ENGINES["OpenVINO"])
    code = (
        "from deploy.energy.engines.openvino import _send_nothing\n_send_nothing()\nimport openvino, nncf\n"
        "from openvino.tools.ovc import telemetry_utils\nprint(telemetry_utils.tm.__name__)\n"
        "from nncf.telemetry.wrapper import telemetry\nprint(type(telemetry).__name__)\n"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout.split() == ["openvino.tools.ovc.telemetry_stub", "MagicMock"]
