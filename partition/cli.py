"""``partition-model``: a bundle in, its partition and a picture of the chips out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from convert.console.terminal import command, console, table

if TYPE_CHECKING:
    from convert.network import Network

    from .result import Partition


@click.command(
    epilog="Example: `partition-model unet.bundle --board nahuku-8` adds partition.json and partition.svg to it."
)
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option(
    "--board",
    default="auto",
    show_default=True,
    help="A board by name (single-chip, kapoho-bay, nahuku-8, nahuku-32, pohoiki-springs), a JSON file such as "
    '`{"name": "mine", "chips": 4}`, or auto: the smallest that fits.',
)
@click.option("--chips", type=int, default=None, help="Use at most so many chips of the board.")
@click.option(
    "--objective",
    type=click.Choice(["messages", "hops", "link"]),
    default="messages",
    show_default=True,
    help="What is to be least: messages between chips; hops: those and the host's times the links that each passes; or "
    "link: what the heaviest link of the board carries.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed gives the same partition.")
@click.option("--seconds", type=float, default=120.0, show_default=True, help="Stop improving after so many seconds.")
@click.option(
    "--prove",
    "prove_s",
    type=click.FloatRange(min=0),
    default=0.0,
    metavar="SECONDS",
    show_default=True,
    help="Then seek a sharper lower bound for so long (where two chips suffice).",
)
@click.option("--force", is_flag=True, help="Replace an existing partition.")
@command
def main(bundle: Path, force: bool, prove_s: float, **options: Any) -> None:
    """Put the layers of BUNDLE on the cores and chips of a board so that few spikes travel between chips."""
    from convert.bundle import load_network, load_peak_rates, load_rates
    from convert.storage.atomic import keep
    from partition.bounds.semidefinite import can_prove, proved

    from .search import partition

    network, rates_hz, peak_rates_hz = load_network(bundle), load_rates(bundle), load_peak_rates(bundle)
    keep(bundle / "partition.json", force=force)
    with console.status(f"partitioning {bundle}"):
        found = partition(network, rates_hz, peak_rates_hz=peak_rates_hz, **options)
    _write(bundle, found, network)
    if prove_s and can_prove(len(found.blocks), found.facts["board_chips"]):
        with console.status(f"proving that {bundle} could not do with much less"):
            found = proved(network, rates_hz, found, prove_s)
        _write(bundle, found, network)
    elif prove_s:
        console.print(
            f"--prove: not for {len(found.blocks)} cores on a board of {found.facts['board_chips']} chips; "
            "more than one chip of cores and up to two, or one and a half on larger boards, can be proved."
        )
    _report(bundle, found)


def _write(bundle: Path, found: Partition, network: Network) -> None:
    from convert.storage.atomic import whole_file

    from .figure import draw

    found.save(bundle)
    with whole_file(bundle / "partition.svg") as path:
        draw(found, network, path)


def _report(bundle: Path, found: Partition) -> None:
    facts = found.facts
    messages, rates = facts["messages_per_step"], "estimated from calibration rates"
    rows = [
        ("chips", found.chips, f"of {facts['board_chips']} on {found.board}"),
        ("cores", len(found.blocks), "counted"),
        ("messages per step, all", _number(messages["total"]), rates),
        ("messages per step from the host", _number(messages["host"]), rates),
    ]
    if found.chips > 1:
        rows += _between_chips(facts)
    table(f"Partition of {bundle}", ("", "", "how known"), rows)
    console.print(f"Wrote {bundle / 'partition.json'} and {bundle / 'partition.svg'}; next: deploy-model {bundle}")


def _between_chips(facts: dict[str, Any]) -> list[tuple[str, Any, str]]:
    messages, rates = facts["messages_per_step"], "estimated from calibration rates"
    bound = facts["lower_bound_interchip"]
    hand = f"estimated: hand tiles, {facts['baseline_chips']} chips"
    peak = facts["heaviest_board_link_p95"]
    above = ("the same at all neurons' 95th percentile", _number(peak or 0), "estimated from above")
    return [
        ("messages per step between chips", _number(messages["interchip"]), rates),
        ("lower bound for these tiles", _number(bound), f"proved, estimated rates; gap {facts['optimality_gap']:.0%}"),
        ("between chips with multicast", _number(messages["interchip_multicast"]), "estimated: one for each chip"),
        ("hops of these and the host's", _number(facts["hop_messages_per_step"]), "estimated, chips in a mesh"),
        ("over the heaviest link of the board", _number(facts["heaviest_board_link"]), "estimated, chips in a mesh"),
        *([] if peak is None else [above]),
        ("heaviest pair of chips", _number(facts["max_link_load"]), rates),
        *((f"between chips by {name}", _number(value), hand) for name, value in facts["baselines"].items()),
    ]


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
