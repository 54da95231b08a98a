"""Tables of the terminal: names fold where there is no room, numbers and words are never cut."""

from __future__ import annotations

import pytest

from convert.console.terminal import table

COLUMNS = ("population", "from", "shape", "neurons", "mean Hz", "% in range", "gain")


@pytest.mark.parametrize("name", ["stage1_block1_relu1", "block6d_expand_activation", "x" * 60])
def test_numbers_stay_whole_beside_long_names(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    numbers = ("128x128x12", "196,608", "127.4", "99.90", "1.00-1.31")
    table("populations", COLUMNS, [(name, "Conv2DTranspose", *numbers)])
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines())) <= 80
    assert "…" not in printed
    first = next(line for line in printed.splitlines() if numbers[0] in line)
    assert first.split()[-5:] == list(numbers)
    assert "Conv2DTranspose" in first
