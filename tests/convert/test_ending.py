"""What a command says at its end, and its exit code."""

from __future__ import annotations

import errno

import pytest

from convert.console.ending import ending_of
from convert.errors import UserError


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (UserError(["one", "two"]), 2, "one"),
        (MemoryError(), 2, "out of memory (MemoryError); use smaller or fewer images, or a machine with more"),
        (ImportError("x.so: failed to map segment from shared object"), 2, "out of memory (ImportError: x.so: failed"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), 2, "out of memory (OSError: [Errno 12] Cannot allocate"),
        (OSError(errno.ENOSPC, "No space left on device"), 2, "cannot write: No space left on device; put that right"),
        (
            PermissionError(errno.EACCES, "Permission denied", "a.npz"),
            2,
            "cannot read or write a.npz: Permission denied",
        ),
        (ZeroDivisionError("division by zero"), 1, "ZeroDivisionError: division by zero: a fault of this program"),
        (ValueError("first\nsecond"), 1, "ValueError: first: a fault of this program"),
    ],
)
def test_every_error_has_its_sentence(error, code, sentence):
    ending = ending_of(error)
    assert ending.code == code
    assert ending.sentences[0].startswith(sentence)
