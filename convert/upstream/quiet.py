"""The one file that knows how NengoDL and NengoLoihi meet today's TensorFlow and numpy.

Three mends, each undone by nothing but a new upstream release:

1. NengoDL 3.6 imports private names of the Keras 2 that TensorFlow < 2.13 shipped. The package ``tf-keras`` still has
   them; they are lent under the old names while NengoDL is imported, so that ``import keras`` goes on to mean Keras 3.
2. NengoLoihi 1.1 calls ``np.array(..., copy=False)``, which numpy 2 refuses; its two modules see ``copy=None`` instead.
3. NengoLoihi 1.1 lays a transposed 'same' convolution ``stride - 1`` pixels up and left of nengo and Keras.

NengoLoihi also starts TensorFlow, to let NengoDL build its own neuron types; nothing here uses those, so it is imported
as if TensorFlow were not installed, and deploy-model starts in seconds less.
"""

from __future__ import annotations

import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps what native libraries print while they load (and version warnings) off the terminal, unless it fails."""
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as heard, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        os.dup2(heard.fileno(), 2)
        try:
            yield
        except BaseException:
            heard.seek(0)
            os.write(terminal, heard.read())
            raise
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)
