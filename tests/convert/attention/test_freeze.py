"""Masks at their means: the frozen model, what is said of it, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from convert.attention.api import freeze_attention
from convert.attention.cli import main
from convert.cli import main as convert_model
from convert.frontends.keras.attention import masks_on, products_of, with_fixed_masks
from convert.upstream.tensorflow import load_keras3, load_tf_keras
from tests.builders.attention import with_attention
from tests.builders.refusing import refused

KERAS = {"Keras 3": load_keras3, "tf-keras": load_tf_keras}
IMAGES = np.random.default_rng(0).random((6, 8, 8, 2), np.float32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("attention")
    with_attention(load_keras3()).save(folder / "se.keras")
    np.savez(folder / "data.npz", x=IMAGES, y=np.array([0, 1, 2, 0, 1, 2]))
    return folder


@pytest.mark.parametrize("keras", KERAS)
def test_products_with_fixed_masks(keras: str) -> None:
    model = with_attention(KERAS[keras]())
    products = products_of(model)
    assert [(p.layer, p.weighed) for p in products] == [("channels", 1), ("pixels", 0)]
    masks = masks_on(model, products, IMAGES)
    assert [mask.shape for mask in masks] == [(6, 1, 1, 4), (6, 8, 8, 4)]
    of_one = {p.layer: (p.weighed, mask[2]) for p, mask in zip(products, masks, strict=True)}
    fixed = with_fixed_masks(model, of_one)
    np.testing.assert_allclose(np.asarray(fixed(IMAGES[2:3])), np.asarray(model(IMAGES[2:3])), atol=1e-5)
    assert not {"squeezed", "excited", "gate"} & {layer.name for layer in fixed.layers}


def test_the_frozen_model_converts_and_it_is_said_what_it_loses(folder: Path, tmp_path: Path) -> None:
    asked = [folder / "se.keras", "--check", "--max-pooling", "average"]
    refused(convert_model, asked, "--host-from LAYER$", "at an output only", folder=folder)
    result = CliRunner().invoke(
        main, [str(folder / "se.keras"), "--data", str(folder / "data.npz"), "-o", str(tmp_path / "frozen.keras")]
    )
    assert result.exit_code == 0, result.output + repr(result.exception)
    said = " ".join(result.output.split())
    assert "- channels: a mask of 1 x 1 x 4, fixed at its means, 0." in said
    assert "which is dropped" in said
    assert "measured on 6 images of data.npz" in said
    checked = CliRunner().invoke(convert_model, [str(tmp_path / "frozen.keras"), "--check"])
    assert checked.exit_code == 0, checked.output
    again = freeze_attention(folder / "se.keras", folder / "data.npz", tmp_path / "again.keras")
    assert (again.masks[0].shape, again.images) == ((1, 1, 4), 6)
    assert 0 < again.masks[0].dropped < 0.5
    assert 0 < again.masks[0].least < again.masks[0].most < 1


def test_what_cannot_be_frozen(folder: Path, tmp_path: Path) -> None:
    keras = load_keras3()
    given = keras.Input((4,))
    squared = keras.layers.Multiply()([keras.layers.Dense(3)(given), keras.layers.Dense(3)(given)])
    keras.Model(given, squared).save(folder / "squared.keras")
    asked = ["--data", folder / "data.npz", "-o", tmp_path / "f.keras"]
    refused(main, [folder / "squared.keras", *asked], "has no product whose one side is a mask", folder=tmp_path)
    np.savez(folder / "other.npz", x=np.zeros((2, 9, 9, 2), np.float32), y=np.zeros(2, int))
    asked[1] = folder / "other.npz"
    refused(main, [folder / "se.keras", *asked], "size 9 x 9 x 2, the model takes 8 x 8 x 2", folder=tmp_path)
    refused(main, [folder / "se.keras", *asked[:3], tmp_path / "f.h5"], "models are written as .keras", folder=tmp_path)
