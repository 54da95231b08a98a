"""ONNX files of PyTorch's designs through convert-model, and the table of what came of them at the end of docs/onnx.md.

    python -m benchmarks.torch_models.write FOLDER      # in PyTorch's environment
    python -m benchmarks.torch_models.table FOLDER

Each file goes through convert-model in a process of its own: four calibration images made by chance, max pooling
replaced by the average. A refused one has to name every node that multiplies activations or is of a kind in ``UNLIKE``.
The files of the older exporter are read, which compares them with onnxruntime, and have to give the same.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from textwrap import wrap
from typing import Any

import numpy as np
import onnx

from benchmarks.models.attempt import Ended, run
from benchmarks.models.make import random_data
from convert.errors import UserError
from convert.frontends.load import load_model

HERE = Path(__file__).parent
RESULTS, PAGE = HERE / "results.json", HERE.parents[1] / "docs" / "onnx.md"
HEADING = "## Designs of PyTorch"
UNLIKE = {"HardSwish", "HardSigmoid", "Gelu", "Erf", "LayerNormalization"}
"""Kinds of nodes that have no spiking form, in these designs."""
PRODUCTS = {"Mul", "MatMul", "Div"}
OPTIONS = ("--calibration-images", "4", "--max-pooling", "average", "--force")

Row = dict[str, Any]


def main(folder: Path) -> None:
    told = json.loads((folder / "written.json").read_text())
    rows = {}
    for name, design in told["designs"].items():
        rows[name] = {"source": design["source"], **converted(folder, name, design["size"])}
        rows[name]["older"] = read(folder / "old" / f"{name}.onnx")
        print(name, rows[name], flush=True)
    found = {"torch": told["torch"], "onnx": onnx.__version__, "date": f"{date.today()}", "rows": rows}
    RESULTS.write_text(json.dumps(found, indent=1) + "\n")
    PAGE.write_text(f"{PAGE.read_text().split(HEADING)[0].rstrip()}\n\n{section(found)}")


def converted(folder: Path, name: str, size: list[int]) -> Row:
    """What came of ``FOLDER/NAME.onnx``, which takes images of ``size`` (channels, rows, columns)."""
    file, data, bundle = (folder / f"{name}{end}" for end in (".onnx", ".npz", ".bundle"))
    output = [d.dim_value for d in onnx.load(file).graph.output[0].type.tensor_type.shape.dim][1:]
    made = random_data((*size[1:], size[0]), (*output[1:], output[0]))
    np.savez(data, x=np.float32(made["x"] / 255), y=made["y"])
    start = "from deploy.convert_model import main; main()"
    ended = run(("-c", start, str(file), "--data", str(data), "-o", str(bundle), *OPTIONS), folder / f"{name}.log")
    row: Row = {"outcome": outcome(ended), "seconds": round(ended.seconds, 1), "cpu_s": round(ended.cpu_s, 1)}
    if row["outcome"] == "converted":
        told = json.loads((bundle / "conversion.json").read_text())
        return row | {"neurons": sum(layer["neurons"] for layer in told["layers"])}
    return row | named(file, [line.removeprefix("error: ") for line in ended.output.splitlines()])


def read(file: Path) -> Row:
    """What the front end says to the file of the older exporter."""
    try:
        load_model(file, max_pooling=True)
    except UserError as error:
        return {"outcome": "refused", **named(file, error.problems)}
    return {"outcome": "converted"}


def outcome(ended: Ended) -> str:
    if "Traceback (most recent call last)" in ended.output:
        return "traceback"
    return {0: "converted", 2: "refused", None: "too slow"}.get(ended.code, "died")


def named(file: Path, sentences: Iterator[str] | list[str]) -> Row:
    """How many nodes have no form, how many of them the sentences name, and the kinds that they say."""
    wanted = set(without_form(onnx.load(file)))
    said = [line for line in sentences if line.startswith("node")]
    names = {name for line in said for name in re.findall(r"'([^']+)'", line.split(" (")[0])}
    kinds = [match[1] for line in said if (match := re.match(r"nodes? [^(]*\((\w+)\)", line))]
    return {"nodes": len(wanted), "named": len(wanted & names), "kinds": list(dict.fromkeys(kinds))}


def without_form(model: onnx.ModelProto) -> Iterator[str]:
    """The nodes of kinds in ``UNLIKE``, and those that multiply what depends on the image."""
    seen = {info.name for info in model.graph.input}
    for node in model.graph.node:
        depends = [name for name in node.input if name in seen]
        if depends and node.op_type != "Shape":
            seen.update(node.output)
        if depends and (node.op_type in UNLIKE or (node.op_type in PRODUCTS and len(depends) > 1)):
            yield node.name


def section(found: Row) -> str:
    """The end of docs/onnx.md."""
    rows = found["rows"].values()
    fine = sum(row["outcome"] == "converted" for row in rows)
    refused = [row for row in rows if row["outcome"] == "refused" and row["named"] == row["nodes"]]
    day = date.fromisoformat(found["date"])
    said = (
        f"{fine + len(refused)} of {len(rows)} files: {fine} convert, {len(refused)} are refused with every node "
        "named. They are torchvision's and the textbooks' designs, written anew and made small "
        "(`benchmarks/torch_models`), "
        f"weights by chance, from PyTorch {found['torch'].split('+')[0]} by `torch.onnx.export`; those of its older "
        "exporter (`dynamo=False`) fare alike. Each that converts is compared with onnxruntime within 1e-5. Seconds "
        f"are those of a core for all of `convert-model` with four images ({day.day} {day:%B %Y}, an AMD EPYC)."
    )
    lines = [
        HEADING,
        "",
        *wrap(said, 120),
        "`python -m benchmarks.torch_models.table FOLDER` makes the table again.",
        "",
        "| design | neurons | seconds |",
        "|---|---|---|",
    ]
    for row in rows:
        what = f"{row['neurons']:,}" if "neurons" in row else _refused(row)
        lines.append(f"| {row['source']} | {what} | {row['cpu_s']:.0f} |")
    return "\n".join([*lines, ""])


def _refused(row: Row) -> str:
    if row["outcome"] != "refused":
        return str(row["outcome"])
    return f"refused: {row['named']} of {row['nodes']} nodes named ({', '.join(row['kinds'])})"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
