"""OpenVINO, Intel's engine for processors: weights and activations of eight bits by NNCF."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from deploy.arrays import Float32

from .engine import Engine, Session

FILE = "int8.xml"


def prepare(saved: Path, calibration: Float32, folder: Path, batches: Sequence[int]) -> None:
    """One model for batches of every size."""
    _send_nothing()
    import nncf
    import openvino

    model = openvino.convert_model(str(saved))
    quantized = nncf.quantize(model, nncf.Dataset(list(calibration[:, None])), subset_size=len(calibration))
    openvino.save_model(quantized, str(folder / FILE), compress_to_fp16=False)


def open_session(folder: Path, batch: int, threads: int) -> Session:
    """Compiled for the least time of a single call on so many ``threads``; to round the input is part of ``infer``."""
    _send_nothing()
    import openvino

    core = openvino.Core()
    model = core.read_model(str(folder / FILE))
    model.reshape([batch, *(length.get_length() for length in list(model.input().partial_shape)[1:])])
    settings = {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY"}
    request = core.compile_model(model, "CPU", settings).create_infer_request()

    def load(images: Float32) -> None:
        request.get_input_tensor().data[:] = images

    return Session(load, request.infer, lambda: request.get_output_tensor(0).data.copy())


def _send_nothing() -> None:
    """OpenVINO and NNCF report their use to Google Analytics unless this package is missing."""
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]


OPENVINO = Engine(
    name="OpenVINO",
    precision="int8",
    modules=("openvino", "nncf"),
    distribution="openvino",
    install="pip install 'ann2loihi[openvino]'",
    prepare=prepare,
    open=open_session,
)
