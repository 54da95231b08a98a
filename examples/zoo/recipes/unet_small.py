"""The demo's U-Net, on micrographs that are made: nothing has to be given."""

from __future__ import annotations

from pathlib import Path
from shutil import copyfile

from ..recipe import Files, Given, Recipe

UNET = Path(__file__).parents[2] / "unet_em"
FILE = "unet_em.keras"


def architecture(path: Path) -> Path:
    """Two levels, 8 and 16 channels; the file that ``examples/unet_em/train.py`` made."""
    path = path.with_suffix(".keras")
    copyfile(UNET / FILE, path)
    return path


def prepare(given: Given) -> Files:
    from examples.unet_em.make_data import write_dataset

    write_dataset(given.out / "train", images=16, size=64, seed=1)
    write_dataset(given.out / "test", images=8, size=32, seed=2)
    return Files(UNET / FILE, given.out / "train", given.out / "test")


RECIPE = Recipe(
    name="unet_small",
    title="U-Net, small",
    source="examples/unet_em, in the repository",
    trained="made micrographs, 10 epochs: a minute",
    data="synthetic: micrographs that are made (examples/unet_em/make_data.py)",
    architecture=architecture,
    prepare=prepare,
    options={"convert-model": "--timesteps 96"},
)
