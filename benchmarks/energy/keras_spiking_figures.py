"""keras-spiking's ModelEnergy on a network whose rates are known: the figure of test_arithmetic.py.

    pip install --no-deps --target /tmp/keras-spiking keras-spiking==0.3.0
    TF_USE_LEGACY_KERAS=1 PYTHONPATH=/tmp/keras-spiking python benchmarks/energy/keras_spiking_figures.py

16 inputs at 20 Hz, 32 neurons that fire at 40, 10 that fire at 20; 10 steps of 1 ms.
"""

from __future__ import annotations

import json

import numpy as np
import tensorflow as tf
from keras_spiking import ModelEnergy


def main() -> None:
    inputs = tf.keras.Input(16)
    constant = tf.keras.initializers.Constant
    hidden = tf.keras.layers.Dense(32, activation="relu", kernel_initializer=constant(1 / 8))(inputs)
    outputs = tf.keras.layers.Dense(10, activation="relu", kernel_initializer=constant(1 / 64))(hidden)
    model = tf.keras.Model(inputs, outputs)
    energy = ModelEnergy(model, example_data=np.full((1, 16), 20.0, np.float32))
    joules = energy.total_energy("loihi", timesteps_per_inference=10, dt=0.001)
    print(json.dumps({"constants": ModelEnergy.devices["loihi"], "joules": joules}))


if __name__ == "__main__":
    main()
