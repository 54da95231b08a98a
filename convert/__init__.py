"""Trained Keras model in, network of spiking populations out."""

from __future__ import annotations

from typing import Any

__all__ = ["ConvertedNetwork", "Options", "UserError", "convert", "load_network", "load_peak_rates", "load_rates"]

_HOMES = {
    "ConvertedNetwork": "network",
    "Options": "options",
    "UserError": "errors",
    "convert": "api",
    "load_network": "bundle",
    "load_peak_rates": "bundle",
    "load_rates": "bundle",
}


def __getattr__(name: str) -> Any:
    """Loads a public name when it is first used: ``import convert`` alone must not start TensorFlow."""
    if name not in _HOMES:
        raise AttributeError(f"module 'convert' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"convert.{_HOMES[name]}"), name)
