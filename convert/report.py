"""conversion.json: how a model was converted, and what was measured on the way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from convert.choice_report import ChoiceReport
from convert.provenance import Provenance
from convert.timings import Timings

Task = Literal["classification", "segmentation", "regression", "anomaly"]
"""What the labels say: the class of each image or of each pixel, the numbers that the model is to give, or which images
are anomalies for a model that gives its input again."""

Metrics = Mapping[str, float | None]
"""Metrics by name; None for one that the data does not define."""


class OutputGrid(msgspec.Struct, frozen=True, kw_only=True):
    """Where the pixels of a segmentation lie in the model's input, all as (rows, columns) in pixels.

    Output pixel (r, c) is the input's (r * stride[0] + offset[0], c * stride[1] + offset[1]).
    """

    input_size: tuple[int, int]
    size: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    offset: tuple[int, int] = (0, 0)

    @property
    def is_whole(self) -> bool:
        """Whether there is an output pixel for each input pixel."""
        return self.size == self.input_size

    def __str__(self) -> str:
        """Such as: output 92 x 92 of 188 x 188, offset 48."""
        made, taken = (" x ".join(map(str, size)) for size in (self.size, self.input_size))
        stride, offset = (
            str(pair[0]) if pair[0] == pair[1] else " x ".join(map(str, pair)) for pair in (self.stride, self.offset)
        )
        every = "" if self.stride == (1, 1) else f", stride {stride}"
        return f"output {made} of {taken}{every}, offset {offset}"


class LayerReport(msgspec.Struct, frozen=True, kw_only=True):
    """One population; rates in Hz on the images that ``rates_measured_on`` names, ``gain`` (smallest, largest)."""

    name: str
    kind: str
    """The kind of layer that it comes from."""
    shape: tuple[int, int, int]
    neurons: int
    on_chip: bool
    scale_hz: float
    percentile_rate_hz: float
    """The target."""
    mean_rate_hz: float
    rates_hz_percentiles: dict[str, dict[str, float]] = {}
    """'before' and, if there was fine-tuning, 'after': 50, 90, 99, 99.9 and max, at the scale from before."""
    share_in_range: float | None = None
    """Of neurons x images at or below the target."""
    gain: tuple[float, float] = (1.0, 1.0)
    synapse_s: float = 0.0
    arrival_step: int = 0


class MeasuredOn(msgspec.Struct, frozen=True, kw_only=True):
    """The images on which rates were looked at; ``held_out_from_calibration`` is false if there were too few others."""

    count: int
    of: Literal["images", "crops"]
    held_out_from_calibration: bool


class AgreementReport(msgspec.Struct, frozen=True, kw_only=True):
    """The largest difference between the rate network and the model, and what is tolerated."""

    max_abs_error: float
    tolerance: float
    simulator: Literal["NengoDL", "NumPy"] = "NengoDL"
    """What gave the rates: NengoDL where it is installed."""


class DecoderReport(msgspec.Struct, frozen=True, kw_only=True):
    """A Keras model that the host runs on the network's output, decoder.keras in the bundle."""

    name: str
    """Of its file, or of the layer of the model that it begins with."""
    in_model: bool = False
    """Whether it is the end of the model itself, from that layer on."""
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    takes: Literal["rates", "counts"] = "rates"
    """Means over the window that is read out, in the units of the network's output, or these times its steps."""


class ConversionReport(msgspec.Struct, frozen=True, kw_only=True):
    """What conversion.json holds; None is what a network does not have that comes from no model, or has no labels."""

    model: str | None = None
    task: Task | None = None
    class_names: tuple[str, ...] = ()
    input_shape: tuple[int, int, int]
    output_grid: OutputGrid | None = None
    """Where a segmentation's pixels lie in the input; None for other tasks, and where the layers do not tell."""
    layers: tuple[LayerReport, ...] = ()
    left_out_silent: tuple[str, ...] = ()
    """Populations that never fired on the calibration images."""
    carried_sums: tuple[str, ...] = ()
    """Layers whose outputs a pair of populations carries, its positive and its negative part."""
    carried_sums_cost_share: float = 1.0
    """What the connections cost with these pairs, of what they would cost without; foreseen, not measured."""
    dt_s: float
    timesteps: int
    synapse_s: float | None = None
    """As asked for; None: chosen for each layer."""
    percentile: float | None = None
    rates_hz: tuple[float, float] | None = None
    one_scale: bool = False
    max_pooling: Literal["average", "strided"] | None = None
    relayed: tuple[str, ...] = ()
    """Populations whose spikes relays pass on."""
    output: str | None = None
    """The output that is measured, of a model with several."""
    decoder: DecoderReport | None = None
    """What the host computes after the network; None: nothing."""
    fine_tune_epochs: int = 0
    spiking_batches: int = 0
    steps: int | None = None
    """For which an image is shown; None: in all of them."""
    recipe: Literal["tandem", "stbp", "single-step", "weight-sharing"] | None = None
    """Of the training through spikes; None: there was none."""
    surrogate: Literal["triangle", "arctan", "rectangle"] = "triangle"
    """Of a spike's derivative, where the recipe has one."""
    spike_penalty: float = 0.0
    rate_loss: float = 0.0
    prune: float = 0.0
    """The share of kernels' weights that training has left out."""
    labels_weight: float = 1.0
    start_from: str | None = None
    period: int | None = None
    """The steps from image to image where they follow each other."""
    augment: bool = True
    seed: int | None = None
    agreement: AgreementReport | None = None
    metrics: dict[str, Metrics] = {}
    """'ann', 'max_pooling_replaced', 'fine_tuned', 'rate'; of spiking networks 'float' or 'spiking'."""
    metrics_measured_on: str | None = None
    rates_measured_on: MeasuredOn | None = None
    choice: ChoiceReport | None = None
    """What else was tried, if it was chosen by accuracy or energy."""
    rate_network_is_original: bool = False
    """Whether the rate network computes what the model computes as it was given: nothing was replaced, trained or
    left out."""
    epochs: int = 0
    """Of a training from scratch."""
    event_dt_s: float | None = None
    """The time that a step holds of recordings which a network was trained on; None: the user says it."""
    event_start_s: float = 0.0
    """What is left out of them after the first event."""
    assumed: tuple[str, ...] = ()
    """What a file of spiking neurons leaves open and was taken for it, and what it was compared with."""
    provenance: Provenance | None = None
    """None in files of version 0.1.0, as ``timings``."""
    timings: Timings | None = None

    @property
    def from_scratch(self) -> bool:
        """Whether it was trained as a spiking network, from an architecture: there is no original."""
        return self.epochs > 0

    @property
    def framework(self) -> Literal["Keras", "ONNX"]:
        """What the model is a file of."""
        return "ONNX" if (self.model or "").lower().endswith(".onnx") else "Keras"

    def layer(self, name: str) -> LayerReport | None:
        return next((layer for layer in self.layers if layer.name == name), None)
