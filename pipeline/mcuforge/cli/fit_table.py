"""Which boards a model fits, as `fit` and `inspect` print it."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box

from mcuforge.cli.consoles import result_console
from mcuforge.planning import duration
from mcuforge.planning.fit import Memory
from mcuforge.studies.board_fits import BoardFit
from mcuforge.wording.tables import Table

_WIDE = 120  # columns that have room for core and clock
_NOTE = (
    "Flash: constants and, estimated, code. RAM: arena, state, stack, buffers; what shares the "
    "arena's memory."
)


def show(found: Sequence[BoardFit]) -> None:
    """Print the table, and what its figures are."""
    result_console.print(_table(found, wide=result_console.width >= _WIDE))
    for line in (_NOTE, _how_fast(found), _by_rows(found), _how_small(found)):
        if line:
            result_console.print(line, highlight=False)


def _table(found: Sequence[BoardFit], *, wide: bool) -> Table:
    """A row a board: what it has, and what the model takes of that."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("board")
    if wide:
        table.add_column("core")
    for heading in ("flash", "%", "RAM", "%", "ms"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("fits")
    for each in found:
        table.add_row(
            each.board.name,
            *([_core(each)] if wide else []),
            *_share(each.fit.all_flash),
            *_share(each.fit.all_ram),
            _milliseconds(each.milliseconds),
            _verdict(each),
        )
    return table


def _core(found: BoardFit) -> str:
    core, clock = found.board.core, found.board.clock_hz
    name = core.name if core else ""
    return f"{name}, {clock / 1e6:g} MHz" if clock else name


def _share(memory: Memory) -> tuple[str, str]:
    return f"{memory.bytes:,}", f"{memory.bytes / memory.available:.0%}"


def _milliseconds(time: float | None) -> str:
    """Three digits."""
    if time is None:
        return "-"
    return f"{time:,.0f}" if time >= 100 else f"{time:.3g}"


def _verdict(found: BoardFit) -> str:
    if found.fits:
        how = [*(["row by row"] if found.row_by_row else []), *(["small kernels"] * found.small)]
        return ", ".join(["yes", *how])
    missing = [f"{count:,} B {memory}" for memory, count in found.over.items()]
    return f"no: {', '.join(missing)}"


def _how_fast(found: Sequence[BoardFit]) -> str:
    """How good the estimate of the time is, and what is guessed in it."""
    timed = [(each, each.duration) for each in found if each.duration is not None]
    if not timed:
        return ""
    found_to_be = [duration.judged(each.board.core) for each, _ in timed if each.board.core]
    usual, worst = (max(getattr(j, name) for j in found_to_be) for name in ("usual", "worst"))
    lines = [
        f"ms: of an inference, estimated; of {max(j.models for j in found_to_be)} models nine in "
        f"ten were within a factor of {usual:.2g} of `mcuforge profile`, the worst within "
        f"{worst:.2g}."
    ]
    lines += [
        f"{each.board.name}: {time.cycles:,} cycles, milliseconds with --clock."
        for each, time in timed
        if not each.board.clock_hz
    ]
    guessed = dict.fromkeys(kernel for _, time in timed for kernel in time.guessed)
    if guessed:
        lines.append(f"Not measured on every core here, and guessed: {', '.join(guessed)}.")
    return "\n".join(lines)


def _by_rows(found: Sequence[BoardFit]) -> str:
    if not any(each.row_by_row and each.fits for each in found):
        return ""
    return (
        "Row by row: some ops run so there, which takes less RAM than whole tensors and some "
        "percent more instructions."
    )


def _how_small(found: Sequence[BoardFit]) -> str:
    if not any(each.small and each.fits for each in found):
        return ""
    return (
        "Small kernels: the fastest have no room there, so that `run` and `emit` take those of "
        "--optimize size."
    )
