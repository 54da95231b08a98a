"""A model in two, and the part that the host runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from convert.errors import UserError
from convert.frontends.keras.decoder import read_decoder, require_fitting, split_at
from convert.upstream.tensorflow import load_keras3, load_tf_keras
from tests.builders.hybrids import SIZE, gated

KERAS = {"Keras 3": load_keras3, "tf-keras": load_tf_keras}
IMAGES = np.random.default_rng(0).random((3, SIZE, SIZE, 1), np.float32)


@pytest.mark.parametrize("keras", KERAS)
@pytest.mark.parametrize(("layer", "nested"), [("up", False), ("attention", False), ("host", True), ("norm", False)])
def test_both_parts_are_the_whole(keras: str, layer: str, nested: bool) -> None:
    model = gated(KERAS[keras](), nested=nested)
    if layer == "attention":
        with pytest.raises(UserError, match=r"'attention' cannot begin .* choose one of second, up, .*, norm, image$"):
            split_at(model, layer)
        return
    encoder, decoder = split_at(model, layer)
    assert (decoder.name, decoder.in_model) == (layer, True)
    assert decoder.output_shape == (SIZE, SIZE, 1)
    assert decoder.activation == ("sigmoid" if not nested else decoder.activation)
    np.testing.assert_allclose(decoder(np.asarray(encoder(IMAGES))), np.asarray(model(IMAGES)), atol=1e-6)


def test_layers_that_cannot_begin_the_hosts_part() -> None:
    model = gated(load_keras3(), skip=True)
    with pytest.raises(UserError, match=r"layer 'up' cannot begin the host's part: .* choose one of second, image$"):
        split_at(model, "up")
    with pytest.raises(UserError, match=r"no layer 'down' to begin the host's part with; choose one of second, image$"):
        split_at(model, "down")
    with pytest.raises(UserError, match=r"'first' cannot begin"):
        split_at(model, "first")


def test_a_decoder_takes_rates_or_counts(tmp_path: Path) -> None:
    keras = load_keras3()
    given = keras.Input((4,))
    keras.Model(given, keras.layers.Rescaling(2.0)(given)).save(tmp_path / "twice.keras")
    values = np.array([[0.5, 0, 0.25, 1], [1, 1, 0, 0]], np.float32)
    np.testing.assert_allclose(read_decoder(tmp_path / "twice.keras")(values, 8), 2 * values)
    counts = read_decoder(tmp_path / "twice.keras", "counts")
    np.testing.assert_allclose(counts(values, np.array([8, 4])), 2 * values * [[8], [4]])
    require_fitting(counts, (2, 2, 1))
    with pytest.raises(UserError, match=r"the decoder twice.keras takes 4, and the network gives 2 x 2 x 2; give it"):
        require_fitting(counts, (2, 2, 2))


def test_files_that_are_no_decoders(tmp_path: Path) -> None:
    keras = load_keras3()
    two = [keras.Input((4,)), keras.Input((4,))]
    keras.Model(two, keras.layers.Add()(two)).save(tmp_path / "two.keras")
    with pytest.raises(UserError, match=r"two.keras takes 2 inputs"):
        read_decoder(tmp_path / "two.keras")
    open_size = keras.Input((None, None, 3))
    keras.Model(open_size, keras.layers.Conv2D(2, 1)(open_size)).save(tmp_path / "open.keras")
    with pytest.raises(UserError, match=r"open.keras has the open shape .*; build the decoder with a fixed input size"):
        read_decoder(tmp_path / "open.keras")
    (tmp_path / "none.keras").write_text("none")
    with pytest.raises(UserError, match=r"no Keras model"):
        read_decoder(tmp_path / "none.keras")
