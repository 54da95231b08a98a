"""``partition-model``: a bundle in, its partition and a picture of the chips out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import rich_click as click

from convert.console.terminal import Number, command, console, memory, table, waiting
from convert.errors import UserError, noting, tell

from .hardware import AUTO, BOARDS
from .options import LIMITS, OBJECTIVES, Objective, SearchOptions

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from convert.network import Network

    from .report import PartitionReport

FROM_RATES = "estimated from rates"

Row = tuple[str, str | int, str]
"""What, how much, how that is known."""


class SearchArguments(TypedDict):
    """The options that go to the search as they are; fields of ``SearchOptions``."""

    board: str
    chips: int | None
    objective: Objective
    seed: int
    seconds: float
    copies: int


def _keep(path: Path, *, force: bool) -> None:
    """Raises ``UserError`` if there is a partition and ``force`` is false."""
    if path.exists() and not force:
        raise UserError(f"{path} exists already and is kept; add --force to replace it")


def _require_room(network: Network, seconds: float, memory: int | None) -> None:
    """Says what the search will take. Raises ``UserError`` if there is not so much memory, or are too few steps."""
    from convert.memory.foreseen import require_memory
    from convert.network import require_timesteps
    from convert.network.extent import extent_of
    from convert.storage.recovery import NOTES

    from .foreseen import partition_of

    require_timesteps(network)
    found = partition_of(extent_of(network), seconds)
    require_memory(found, memory, ["use a machine with more, or a model with smaller layers"])
    NOTES.info("foreseen: %s", found)


@click.command(
    epilog="Example: `partition-model unet.bundle --board nahuku-8` adds partition.json and partition.svg to it."
)
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option(
    "--board",
    default=AUTO,
    show_default=True,
    help=f"A board by name ({', '.join(BOARDS)}), a JSON file such as "
    '`{"name": "mine", "chips": 4}`, or auto: the smallest that fits.',
)
@click.option(
    "--chips",
    type=int,
    default=SearchOptions.chips,
    help="Use at most so many chips of the board.",
)
@click.option(
    "--objective",
    type=click.Choice(OBJECTIVES),
    default=SearchOptions.objective,
    show_default=True,
    help="What is to be least: messages between chips; hops: those and the host's times the links that each passes; or "
    "link: what the heaviest link of the board carries.",
)
@click.option(
    "--seed",
    type=click.IntRange(*LIMITS["seed"]),
    default=SearchOptions.seed,
    show_default=True,
    help="The same seed gives the same partition.",
)
@click.option(
    "--seconds",
    type=Number(),
    default=SearchOptions.seconds,
    show_default=True,
    help="Stop improving after so many seconds; what the first plan and the report need is done all the same.",
)
@click.option(
    "--copies",
    type=click.IntRange(*LIMITS["copies"]),
    default=SearchOptions.copies,
    show_default=True,
    metavar="CORES",
    help="Keep so many cores of each chip for neurons that are computed twice, so that fewer spikes travel.",
)
@click.option(
    "--prove",
    "prove_s",
    type=Number(min=0),
    default=0.0,
    metavar="SECONDS",
    show_default=True,
    help="Then seek a sharper lower bound for so long: for 15 chips a minute or two, for two chips up to some minutes.",
)
@click.option("--force", is_flag=True, help="Replace an existing partition.")
@memory
@waiting
@command
def main(
    bundle: Path, force: bool, wait: bool, memory: int | None, prove_s: float, **options: Unpack[SearchArguments]
) -> None:
    """Put the layers of BUNDLE on the cores and chips of a board so that few spikes travel between chips."""
    from convert.bundle import at_work_in, load_network, load_peak_rates, load_rates

    from .files import origin_in, write_partition
    from .prove import provable, proved
    from .result import FILE
    from .search import chosen_board, partition

    asked = SearchOptions(**options)
    problems = asked.problems()
    with noting(problems):
        chosen_board(asked)
    with at_work_in(bundle, wait=wait):
        with noting(problems):
            network, rates_hz, peak_rates_hz = load_network(bundle), load_rates(bundle), load_peak_rates(bundle)
            with noting(problems):
                _require_room(network, options["seconds"], memory)
            with noting(problems):
                _keep(bundle / FILE, force=force)
        tell(problems)
        with console.status(f"partitioning {bundle}"):
            found = partition(network, rates_hz, peak_rates_hz=peak_rates_hz, **options)
        origin = origin_in(bundle, asked, prove_s)
        write_partition(bundle, found, network, origin)
        if prove_s and provable(found):
            with console.status(f"proving that {bundle} could not do with much less"):
                found = proved(network, rates_hz, found, prove_s)
            write_partition(bundle, found, network, origin)
    if prove_s and found.copies:
        console.print("--prove: not where neurons are computed twice; its bound would not hold for them.")
    elif prove_s and not provable(found):
        console.print(f"--prove: not for {found.report.cores} cores, which fit one chip; there no message leaves it.")
    _show(bundle, found.report)


def _show(bundle: Path, report: PartitionReport) -> None:
    messages = report.messages_per_step
    rows: list[Row] = [
        ("chips", report.chips, f"of {report.board_chips} on {report.board}"),
        ("cores", f"{report.cores:,}", "counted"),
        *_of_copies(report),
        ("messages per step, all", _number(messages.total), FROM_RATES),
        ("messages per step from the host", _number(messages.host), FROM_RATES),
    ]
    if report.chips > 1:
        rows += _between_chips(report)
    table(f"Partition of {bundle}", ("", "", "how known"), rows)
    console.print(f"Wrote {bundle / 'partition.json'} and {bundle / 'partition.svg'}; next: deploy-model {bundle}")


def _of_copies(report: PartitionReport) -> list[Row]:
    if not report.copied:
        return []
    neurons = sum(copy.neurons for copy in report.copied)
    return [("of these, for neurons computed twice", f"{len(report.copied):,}", f"{neurons:,} neurons")]


def _between_chips(report: PartitionReport) -> list[Row]:
    messages, hand = report.messages_per_step, f"estimated, {report.baseline_chips} chips"
    proof, mesh = f"proved, a gap of {report.optimality_gap:.0%}", "estimated, chips in a mesh"
    peak = report.heaviest_board_link_p95
    above: Row = ("the same at the 95th percentile", _number(peak or 0), "estimated from above")
    bound: Row = ("lower bound for these tiles", _number(report.lower_bound_interchip), proof)
    most = max(report.layers, key=lambda layer: layer.interchip or 0.0)
    of_layer: Row = (f"of these, from layer {most.name}", _number(most.interchip or 0.0), "the most of a layer")
    return [
        ("messages per step between chips", _number(messages.interchip), FROM_RATES),
        of_layer,
        *([] if report.copied else [bound]),
        ("between chips with multicast", _number(messages.interchip_multicast), "estimated, one a chip"),
        ("hops of these and the host's", _number(report.hop_messages_per_step), mesh),
        ("over the heaviest link of the board", _number(report.heaviest_board_link), mesh),
        *([] if peak is None else [above]),
        ("heaviest pair of chips", _number(report.max_link_load), FROM_RATES),
        *((f"by {name}, on hand tiles", _number(value), hand) for name, value in report.baselines.items()),
    ]


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
