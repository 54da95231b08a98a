"""The model that was converted, to compare with: by its rate network, by its graph, or by Keras."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from convert.bundle import DECODER, load_calibration_inputs, load_rate_network, load_report, source_of
from convert.data.dataset import Dataset
from convert.data.evaluate import Predictor, predict, rate_predictor, score, targets
from convert.data.output_grid import output_size
from convert.errors import UserError
from convert.frontends.onnx.reading import is_onnx
from convert.left_out import installed, require
from convert.network import Network, Shape
from convert.report import Metrics
from deploy.arrays import Float32
from deploy.foreign import KerasModel

from .checkpoint import RunCheckpoint

if TYPE_CHECKING:
    from convert.frontends.keras.decoder import Decoder

ENGINES = ("tensorflow", "tf_keras")
"""What makes of a model what the engines read that time and energy are measured with."""

SPIKING = (".nir",)
"""Files whose model spikes itself: there is none without spikes to compare with."""


@dataclass(frozen=True)
class BundledOriginal:
    """What ``bundle`` has of it: a network of rates that computes the same, the file, the ``output`` that counts; and
    the inputs that the conversion calibrated on."""

    rate_network: Network | None
    source: Path | None
    output: str | None = None
    bundle: Path | None = None
    decoder: Decoder | None = None
    """What the host computes after the network, of the original too."""

    @property
    def calibration_inputs(self) -> Float32 | None:
        """Shape (n, rows, columns, channels); None if the bundle has none. Raises ``UserError`` for a damaged file."""
        return None if self.bundle is None else load_calibration_inputs(self.bundle)

    @property
    def decoder_file(self) -> Path:
        """Where the decoder lies."""
        assert self.bundle is not None, "decoders lie in bundles"
        return self.bundle / DECODER

    @cached_property
    def keras_model(self) -> KerasModel:
        """The model in the file, with the decoder after it; raises ``UserError`` if one of them cannot be read so."""
        from convert.frontends.keras.decoder import with_decoder
        from convert.frontends.load import load_model

        if self.decoder is None:
            assert self.source is not None, "there is no file"
            return load_model(self.source, output=self.output, in_keras=True)
        return with_decoder(self._encoder(in_keras=True), load_model(self.decoder_file))

    @cached_property
    def _model(self) -> KerasModel:
        return self._encoder()

    def _encoder(self, *, in_keras: bool = False) -> KerasModel:
        """What of the model in the file the network on the chip stands for: of ONNX a graph, unless ``in_keras``."""
        from convert.frontends.load import load

        assert self.source is not None, "there is no file"
        in_model = self.decoder is not None and self.decoder.in_model
        host_from = self.decoder.name if self.decoder is not None and in_model else None
        return load(self.source, output=self.output, host_from=host_from, in_keras=in_keras).model

    @property
    def without_engines(self) -> bool:
        """Whether nothing here measures its time and energy, which its outputs do not need: an ONNX file where
        TensorFlow is not installed."""
        return self.source is not None and is_onnx(self.source) and not all(map(installed, ENGINES))

    @property
    def predictor(self) -> Predictor | None:
        """Inputs -> the first output of the model, without TensorFlow if that can be; None if there is no model."""
        if self.rate_network is None and self.source is None:
            return None
        found = self._by_model if self.rate_network is None else rate_predictor(self.rate_network)
        if (decoder := self.decoder) is None:
            return found
        return lambda images: decoder(found(images))

    def _by_model(self, images: Float32) -> Float32:
        outputs = self._model(images, training=False)
        return np.asarray(outputs[0] if isinstance(outputs, (list, tuple)) else outputs, dtype=np.float32)


def original_of(bundle: Path) -> BundledOriginal:
    """The original of ``bundle``.

    Its rate network stands for it if nothing was replaced, trained or left out. Raises ``UserError`` for a bundle that
    has lost its model and has nothing that stands for it.
    """
    report = load_report(bundle)
    try:
        source: Path | None = source_of(bundle)
    except UserError:
        if report.model is not None and not report.rate_network_is_original:
            raise
        source = None
    if source is not None and (source.suffix.lower() in SPIKING or report.from_scratch):
        source = None
    rates = load_rate_network(bundle) if report.rate_network_is_original else None
    return BundledOriginal(rates, source, report.output, bundle, decoder_of(bundle))


def decoder_of(bundle: Path) -> Decoder | None:
    """What the host computes after the network in ``bundle``. Raises ``UserError`` if it cannot be read."""
    told = load_report(bundle).decoder
    if told is None:
        return None
    from convert.frontends.keras.decoder import decoder_in

    if not (bundle / DECODER).is_file():
        raise UserError(f"{bundle} is damaged (no {DECODER} in it); convert the model again")
    return decoder_in(bundle / DECODER, told)


def require_measurable(original: BundledOriginal) -> None:
    """Raises ``UserError`` if what the original would be measured with is damaged or not installed: before anything
    takes time."""
    if original.source is not None and not original.without_engines:
        require("measuring the original on this machine (leave it out with --no-measure)", ENGINES)
    _ = original.calibration_inputs


def original_metrics(
    original: BundledOriginal, dataset: Dataset, shape: Shape, checkpoint: RunCheckpoint
) -> Metrics | None:
    """How good the model's outputs are for all images, which are cut to ``shape``; None without a model.

    The outputs are kept in ``checkpoint``, and none in memory; those that are there are not computed again.
    """
    predictor, count = original.predictor, len(dataset)
    if predictor is None:
        return None
    if checkpoint.has_originals(count):
        return score(dataset.task, (checkpoint.original(i) for i in range(count)), targets(dataset))

    def kept() -> Iterator[Float32]:
        for i, output in enumerate(predict(predictor, dataset, range(count), shape)):
            checkpoint.write_original(i, output)
            yield output

    return score(dataset.task, kept(), targets(dataset))


def require_one_size(dataset: Dataset) -> None:
    """Raises ``UserError`` for images of several sizes, whose outputs cannot be kept in one array."""
    if dataset.task != "segmentation":
        return
    sizes = {dataset.image(i).shape[:2] for i in range(len(dataset))}
    if dataset.grid is not None:
        sizes = {output_size(dataset.grid, (size[0], size[1])) for size in sizes}
    if len(sizes) > 1:
        first, *_, last = sorted(sizes)
        raise UserError(
            f"images of {len(sizes)} sizes in one run, {first} and {last} among them; cut "
            "them to one size, or run each size under a --name of its own"
        )
