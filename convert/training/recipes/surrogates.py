"""What stands for the derivative of a spike with respect to the potential, with the literature's widths."""

from __future__ import annotations

from convert.options import SurrogateName
from convert.training.wave.kernels import ARCTAN, RECTANGLE, TRIANGLE, Surrogate

LOW_TRIANGLE = Surrogate(TRIANGLE, 1.0, 0.5)
"""max(0, 1 - |u - 1|) / 2: half as high as Bellec et al. 2018 have it at most (their .3 did no better), so that
gradients neither grow nor shrink much from layer to layer."""

SURROGATES: dict[SurrogateName, Surrogate] = {
    "triangle": LOW_TRIANGLE,
    "arctan": Surrogate(ARCTAN, 0.5, 1.0),  # 1 / (1 + (pi (u - 1))^2): Fang et al. 2021, alpha 2
    "rectangle": Surrogate(RECTANGLE, 0.5, 1.0),  # [|u - 1| < 1 / 2]: Wu et al. 2018, a 1
}
