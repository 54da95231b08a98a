"""The NIR paper's spiking network for N-MNIST, weights as they are."""

from __future__ import annotations

from ..events import NMNIST, TEST
from ..recipe import Files, Given, Recipe, there


def prepare(given: Given) -> Files:
    assert given.model is not None
    assert given.data is not None
    recordings = there(given.data, TEST, what=NMNIST) / TEST
    return Files(given.model, recordings, recordings)


RECIPE = Recipe(
    name="nmnist_nir",
    title="N-MNIST, from NIR",
    source="Pedersen et al. 2024, cnn_sinabs.nir of the NIR paper's repository",
    trained="N-MNIST, by the NIR paper's authors, in Sinabs",
    data="N-MNIST, 60 test recordings",
    architecture=None,
    prepare=prepare,
    takes_model="cnn_sinabs.nir of github.com/neuromorphs/NIR, paper/02_cnn",
    takes_data=NMNIST,
    makes_model=False,
    options={"convert-model": "--timesteps 300"},
)
