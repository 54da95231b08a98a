"""Both real models and a network of few spikes on every device: accuracy, joules, seconds, and what follows.

    python -m benchmarks.energy.table OUT --resnet resnet20_cifar10.keras CIFAR10 --unet unet_isbi.keras EM \\
        [--few FEW.bundle] [--images 500] [--slices 2] [--resnet-bundle B] [--unet-bundle B] [--again]

CIFAR10 and EM have train/ and test/. Bundles that are given are copied, not converted again; runs that lie in OUT are
not made again, so that a second call only prints, unless --again measures anew. FEW.bundle is a ResNet trained for few
steps (docs/few-spikes.md says how), run image behind image if it can be; without it that part is left out. Prints
Markdown and writes it to OUT/table.md.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from convert import load_network
from deploy import compare_energy

from .rows import markdown

PROGRAMS = {
    "convert-model": "deploy.convert_model",
    "partition-model": "partition.cli",
    "deploy-model": "deploy.cli",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    for model in ("resnet", "unet"):
        parser.add_argument(f"--{model}", nargs=2, type=Path, metavar=("MODEL", "DATA"), required=True)
        parser.add_argument(f"--{model}-bundle", type=Path)
    parser.add_argument("--few", type=Path)
    parser.add_argument("--images", type=int, default=500)
    parser.add_argument("--slices", type=int, default=2)
    parser.add_argument("--again", action="store_true")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    bundles = list(_bundles(given))
    report = compare_energy(bundles, given.out / "report.html", force=True)
    text = markdown(report)
    (given.out / "table.md").write_text(text, encoding="utf-8")
    print(text)


def _bundles(given: argparse.Namespace) -> Sequence[Path]:
    """The bundles with their runs, which are made where they are missing."""
    resnet, unet, few = (given.out / f"{name}.bundle" for name in ("resnet", "unet", "few"))
    _made(resnet, given.resnet, given.resnet_bundle, [])
    _made(unet, given.unet, given.unet_bundle, ["--max-pooling", "average"])
    if given.few is not None and not few.exists():
        _copied(given.few, few)
    wanted = [(resnet, given.resnet, given.images), (few, given.resnet, given.images), (unet, given.unet, given.slices)]
    found = [each for each in wanted if each[0].exists()]
    for bundle, (_, data), images in found:
        if not (bundle / "partition.json").exists():
            _command("partition-model", bundle)
        if given.again or not (bundle / "runs" / "fast").exists():
            behind = ["--continuous"] if load_network(bundle).period is not None else []
            _command("deploy-model", bundle, "--data", data / "test", "--images", images, "--force", *behind)
    return [bundle / "runs" / "fast" for bundle, _, _ in found]


def _made(bundle: Path, source: Sequence[Path], ready: Path | None, options: Sequence[str]) -> None:
    if bundle.exists():
        return
    if ready is not None:
        _copied(ready, bundle)
    else:
        _command("convert-model", source[0], "--data", source[1] / "train", "-o", bundle, *options)


def _copied(ready: Path, bundle: Path) -> None:
    shutil.copytree(ready, bundle, ignore=shutil.ignore_patterns("runs"))


def _command(program: str, *words: object) -> None:
    call = f"import sys; sys.argv[0] = '{program}'; from {PROGRAMS[program]} import main; main()"
    print(program, *words, file=sys.stderr)
    subprocess.run([sys.executable, "-c", call, *map(str, words)], check=True, stdout=sys.stderr)


if __name__ == "__main__":
    main()
