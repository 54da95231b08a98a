"""Converting in a process that has used TensorFlow and Keras for something else before."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

BEFORE = {
    "tf.keras": "import tensorflow as tf; keras = tf.keras",
    "keras": "import keras",
    "both": "import keras; import tensorflow as tf; tf.keras.layers.Dense(2)(tf.zeros((1, 2))); keras = tf.keras",
    "tf_keras": "import tf_keras as keras; import tensorflow as tf; tf.keras",
}

PROGRAM = """
    layers = keras.layers
    image = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, activation="relu")(layers.Conv2D(4, 3, activation="relu")(image))
    model = keras.Model(image, layers.Dense(3, activation="softmax")(layers.Flatten()(x)))
    model.compile("adam", "mse")
    model.save("model.keras")
    import convert
    report = convert.convert("model.keras", {data!r}, "b", convert.Options(timesteps=16))
    assert report.agreement.max_abs_error < report.agreement.tolerance
    assert keras.Input((2,)) is not None
"""


def done(before, tiny, folder):
    program = f"{before}\n" + textwrap.dedent(PROGRAM).format(data=str(tiny / "data.npz"))
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=folder)


@pytest.mark.slow
@pytest.mark.parametrize("name", BEFORE)
def test_keras_was_used_before(name, tiny, tmp_path):
    process = done(BEFORE[name], tiny, tmp_path)
    assert process.returncode == 0, process.stderr


@pytest.mark.slow
def test_a_process_without_eager_execution_says_so():
    before = "import tensorflow as tf; tf.compat.v1.disable_eager_execution()"
    program = f"{before}\nfrom convert.upstream.tensorflow import load_tensorflow\nload_tensorflow()"
    process = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "UserError: eager execution is off in this process" in process.stderr
