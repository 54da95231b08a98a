"""The designs as ONNX files, random weights: ``python -m benchmarks.torch_models.write FOLDER``.

In PyTorch's environment, which needs torch, onnx and onnxscript and nothing of this package. Each network is exported
twice: FOLDER/NAME.onnx by torch.onnx.export as it is, FOLDER/old/NAME.onnx by its older exporter; FOLDER/written.json
says where each comes from and the versions.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

import torch
from torch import nn

from . import classifiers, maps  # noqa: F401  (they register their designs)
from .parts import DESIGNS, Design


def trained_a_little(found: Design) -> nn.Module:
    """The network with means and variances of batch normalization by random images, so that layers stay alive."""
    torch.manual_seed(0)
    model = found.build()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None
    with torch.no_grad():
        model.train()(torch.rand(8, *found.size))
    return model.eval()


def main(folder: Path) -> None:
    (folder / "old").mkdir(parents=True, exist_ok=True)
    warnings.simplefilter("ignore")
    told = {}
    for name, found in DESIGNS.items():
        model, image = trained_a_little(found), torch.zeros(1, *found.size)
        torch.onnx.export(model, (image,), str(folder / f"{name}.onnx"), external_data=False, verbose=False)
        torch.onnx.export(model, (image,), str(folder / "old" / f"{name}.onnx"), dynamo=False)
        told[name] = {"source": found.source, "size": found.size}
        print(name, flush=True)
    (folder / "written.json").write_text(json.dumps({"torch": torch.__version__, "designs": told}, indent=1))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
