"""SUPPORTED.md is what the registry says, and the registry is what loads."""

from __future__ import annotations

import subprocess
import sys

import pytest

from convert.frontends.keras.hints import HINTS, WRAPPERS
from convert.frontends.keras.layers import (
    ACTIVATIONS,
    HOST_ACTIVATIONS,
    IDENTITY_LAYERS,
    LINEAR,
    REGISTRY,
    Support,
    is_head,
    register,
    unknown,
)
from convert.upstream.tensorflow import load_keras3, load_tf_keras
from tests.builders.paths import ROOT


def test_supported_md_is_what_the_script_prints():
    printed = subprocess.run(
        [sys.executable, "-m", "convert.frontends.keras.supported_md"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert (ROOT / "SUPPORTED.md").read_text() == printed.stdout
    assert printed.stderr == ""


@pytest.mark.parametrize("name", [*REGISTRY, *IDENTITY_LAYERS, *HINTS])
def test_every_name_is_a_keras_layer(name):
    assert any(hasattr(keras.layers, name) for keras in (load_tf_keras(), load_keras3()))


def test_no_name_is_both_supported_and_refused():
    assert not REGISTRY.keys() & {*HINTS, *WRAPPERS, *IDENTITY_LAYERS}
    assert all(unknown(name, None) is None for name in (*REGISTRY, *IDENTITY_LAYERS, "Activation"))
    assert all(unknown(name, None) == reason for name, reason in {**HINTS, **WRAPPERS}.items())


def test_an_unknown_class_is_refused_with_what_to_use():
    assert unknown("EinsumDense", None).startswith("no conversion is known for this class; rebuild it from Conv2D, ")
    assert "has no spiking form; use 'relu'" in unknown("Conv2D", "swish")


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_has_a_role(name):
    assert is_head(load_tf_keras().layers.Activation(name)) is (name in HOST_ACTIVATIONS)


def test_a_class_cannot_be_registered_twice():
    with pytest.raises(ValueError, match="Conv2D is registered twice"):
        register("Conv2D", Support(LINEAR, ""))
