"""Who is at work in a bundle, and what killed commands left there: put right also by those who only read."""

from __future__ import annotations

import pytest

from convert.bundle import at_work_in, load_network
from convert.errors import UserError
from convert.storage.locks import locked


@pytest.mark.parametrize("shared", [True, False])
def test_a_bundle_that_was_about_to_be_replaced_comes_back(shared, tiny_bundle):
    tiny_bundle.rename(tiny_bundle.with_name(".tiny.old.bundle"))
    tiny_bundle.with_name(".tiny.new.bundle").mkdir()
    with at_work_in(tiny_bundle, shared=shared):
        assert load_network(tiny_bundle).populations
    assert [path.name for path in tiny_bundle.parent.iterdir()] == ["tiny.bundle"]


@pytest.mark.parametrize("shared", [True, False])
def test_a_picture_without_its_partition_goes_back_with_it(shared, tiny_bundle):
    for name in ("partition.svg", "partition.json"):
        stem, suffix = name.split(".")
        (tiny_bundle / name).rename(tiny_bundle / f".{stem}.old.{suffix}")
    (tiny_bundle / "partition.svg").write_text("of the new partition, whose command was killed here")
    with at_work_in(tiny_bundle, shared=shared):
        assert (tiny_bundle / "partition.svg").read_text().startswith("<?xml")
        assert (tiny_bundle / "partition.json").is_file()
    assert not list(tiny_bundle.glob(".*"))


def test_in_the_moment_of_its_replacement_a_bundle_is_in_use(tiny_bundle):
    aside = tiny_bundle.with_name(".tiny.old.bundle")
    tiny_bundle.rename(aside)
    with locked(aside), pytest.raises(UserError, match=r"tiny.bundle is in use by another command; let it end first"):
        at_work_in(tiny_bundle, shared=True).__enter__()
    assert aside.is_dir()


def test_readers_do_not_keep_each_other_out(tiny_bundle):
    with (
        at_work_in(tiny_bundle, shared=True),
        at_work_in(tiny_bundle, shared=True),
        pytest.raises(UserError, match="in use by another command"),
    ):
        at_work_in(tiny_bundle).__enter__()
