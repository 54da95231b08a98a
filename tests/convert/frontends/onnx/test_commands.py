"""convert-model on an ONNX file, and what the other commands find in its bundle."""

from __future__ import annotations

import json

import numpy as np
import onnx
import pytest
from click.testing import CliRunner

from convert.bundle import source_of
from convert.cli import main as convert_model
from convert.frontends.onnx.operators import REGISTRY
from deploy.runs.original import original_of
from tests.builders.onnx_models import by_onnxruntime, node, weights, write
from tests.builders.paths import ROOT

pytest.importorskip("onnxruntime")


def run(*arguments):
    result = CliRunner().invoke(convert_model, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output + repr(result.exception)
    return " ".join(result.output.split())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A small ResNet in model.onnx, its weights in a file beside it, and data of three classes in data.npz."""
    folder = tmp_path_factory.mktemp("onnx")
    path = write(
        folder / "model.onnx",
        node("Conv", "x a", "c", pads=[1] * 4),
        node("Relu", "c", "r"),
        node("Conv", "r b", "d", pads=[1] * 4),
        node("Relu", "d", "s"),
        node("Add", "r s", "t"),
        node("Flatten", "t", "f"),
        node("Gemm", "f w", "y", transB=1),
        shape=("images", 2, 5, 4),
        constants={"a": weights(3, 2, 3, 3), "b": weights(3, 3, 3, 3), "w": weights(3, 60)},
    )
    onnx.save(onnx.load(path), path, save_as_external_data=True, location="model.data", size_threshold=0)
    rng = np.random.default_rng(0)
    np.savez(folder / "data.npz", x_train=rng.random((12, 5, 4, 2), np.float32), y_train=np.arange(12) % 3)
    return folder


def test_a_check(folder):
    said = run(folder / "model.onnx", "--check")
    assert "model.onnx would convert" in said
    assert json.loads(run(folder / "model.onnx", "--check", "--json"))["input_shape"] == [5, 4, 2]


@pytest.mark.slow
def test_a_bundle_holds_the_whole_model(folder):
    bundle = folder / "model.bundle"
    run(folder / "model.onnx", "--data", folder / "data.npz", "-o", bundle, "--timesteps", 16)
    (folder / "model.data").rename(folder / "elsewhere.data")
    images = np.load(folder / "data.npz")["x_train"]
    wanted = by_onnxruntime(source_of(bundle), np.moveaxis(images, -1, 1))
    original = original_of(bundle)
    assert original.source.name == "source.onnx"
    np.testing.assert_allclose(original.keras_model(images), wanted, atol=1e-5)
    np.testing.assert_allclose(original.predictor(images), wanted, atol=1e-4)


def test_the_docs_name_every_operator():
    words = (ROOT / "docs" / "onnx.md").read_text().replace(",", " ").replace(";", " ").split()
    assert set(REGISTRY) <= set(words)
