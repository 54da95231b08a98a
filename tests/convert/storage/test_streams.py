"""Arrays written and read a part at a time."""

from __future__ import annotations

import numpy as np
import pytest

from convert.storage.streams import Rows, names_in, read_rows, write_rows


def test_rows_are_what_savez_writes(tmp_path):
    given = {
        "maps": np.arange(24, dtype=np.float32).reshape(4, 3, 2),
        "marks": np.array([True, False, True]),
        "classes": np.arange(5),
    }
    write_rows(tmp_path / "a.npz", {name: Rows(len(array), iter(array)) for name, array in given.items()})
    with np.load(tmp_path / "a.npz") as found:
        assert found.files == list(given)
        for name, array in given.items():
            np.testing.assert_array_equal(found[name], array)
            assert found[name].dtype == array.dtype


def test_a_wrong_number_of_rows_is_a_fault(tmp_path):
    with pytest.raises(AssertionError, match="2 rows, 3 were promised"):
        write_rows(tmp_path / "a.npz", {"a": Rows(3, iter(np.zeros((2, 2))))})


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_the_first_rows_are_read(save, tmp_path):
    array = np.arange(40, dtype=np.int16).reshape(10, 4)
    save(tmp_path / "a.npz", a=array, b=np.asfortranarray(array), c=array[:1])
    assert names_in(tmp_path / "a.npz") == {"a", "b", "c"}
    for name in ("a", "b"):
        np.testing.assert_array_equal(read_rows(tmp_path / "a.npz", name, 3), array[:3])
    np.testing.assert_array_equal(read_rows(tmp_path / "a.npz", "c", 3), array[:1])
    with pytest.raises(KeyError):
        read_rows(tmp_path / "a.npz", "d", 1)
