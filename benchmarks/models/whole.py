"""A model all the way: ``python -m benchmarks.models.whole FOLDER NAME`` converts, partitions and deploys four images.

Prints what each command took; FOLDER/whole.json has it too.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

from .all import RECIPES
from .attempt import attempt, run


def main(folder: Path, name: str) -> None:
    found, limit_s = attempt(RECIPES[name], folder / name), RECIPES[name].limit_s
    bundle, data = str(folder / name / "bundle"), str(folder / name / "data.npz")
    rows = {"convert-model": {key: asdict(found)[key] for key in ("outcome", "seconds", "cpu_s", "memory_gib")}}
    for command, module, arguments in (
        ("partition-model", "partition", (bundle, "--force")),
        ("deploy-model", "deploy", (bundle, "--data", data, "--images", "4", "--no-measure", "--force")),
    ):
        start = f"from {module}.cli import main; main()"
        ended = run(("-c", start, *arguments), folder / name / f"{command}.log", limit_s=limit_s)
        rows[command] = {"outcome": ended.code, "seconds": ended.seconds, "cpu_s": ended.cpu_s}
        rows[command]["memory_gib"] = ended.memory_gib
        print(command, ended.output, sep="\n")
    plan = json.loads((folder / name / "bundle" / "partition.json").read_text())
    size = {"neurons": found.neurons, "cores": plan["cores"], "chips": plan["chips"], "difference": found.max_abs_error}
    (folder / "whole.json").write_text(json.dumps({"commands": rows, **size}, indent=1))
    print(json.dumps({"commands": rows, **size}, indent=1))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
