"""Amounts as people write them on the command line."""

from __future__ import annotations

import click
import pytest

from mcuforge.cli.sizes import FINITE, FREQUENCY, LARGEST, NUMBER, PERCENT, SIZE, Amount


@pytest.mark.parametrize(
    ("kind", "text", "number"),
    [
        (SIZE, "65536", 65536),
        (SIZE, "0x1_0000", 65536),
        (SIZE, "64k", 65536),
        (SIZE, "64K", 65536),
        (SIZE, "64KiB", 65536),
        (SIZE, "64 kB", 65536),
        (SIZE, "65,536 B", 65536),
        (SIZE, "65_536", 65536),
        (SIZE, "65__536_", 65536),
        (SIZE, "0x1__0000", 65536),
        (SIZE, "1,048,576", 1048576),
        (SIZE, "1.5M", 1536 * 1024),
        (SIZE, "1G", 1024**3),
        (SIZE, " 1 ", 1),
        (NUMBER, "5M", 5_000_000),
        (NUMBER, "2.5k", 2500),
        (NUMBER, "0xff", 255),
        (FREQUENCY, "64M", 64_000_000),
        (FREQUENCY, "64 MHz", 64_000_000),
        (FREQUENCY, "32.768kHz", 32768),
    ],
)
def test_what_is_written_is_taken(kind: Amount, text: str, number: int) -> None:
    assert kind.convert(text, None, None) == number


@pytest.mark.parametrize("kind", [SIZE, NUMBER, FREQUENCY])
@pytest.mark.parametrize(
    "text",
    ["", "k", "0", "-1", "1.5", "64q", "64kk", "1e6", "0x", "0x_", "1,5", "1,5M", "0x1k",
     "k64", "1/2", "\N{ARABIC-INDIC DIGIT THREE}",
     "nan", "9" * 31, "9" * 5000, "1." + "0" * 40, "1." + "0" * 29 + "1", str(LARGEST + 1)],
)  # fmt: skip
def test_anything_else_is_bad_usage(kind: Amount, text: str) -> None:
    with pytest.raises(click.BadParameter):
        kind.convert(text, None, None)


def test_the_message_tells_how_to_write_it() -> None:
    with pytest.raises(
        click.BadParameter, match=r"'64q': write bytes, such as 65536, .* 64k or 1M"
    ):
        SIZE.convert("64q", None, None)


def test_a_default_that_is_a_number_stays() -> None:
    assert SIZE.convert(4096, None, None) == 4096


@pytest.mark.parametrize(("text", "share"), [("1%", 0.01), ("0 %", 0.0), ("12.5%", 0.125)])
def test_a_percentage_is_a_share(text: str, share: float) -> None:
    assert PERCENT.convert(text, None, None) == share


@pytest.mark.parametrize("text", ["1", "%", "-1%", "1e3%", "nan%", "1%%", "9" * 9 + "%"])
def test_a_percentage_needs_its_sign(text: str) -> None:
    with pytest.raises(click.BadParameter, match="write a percentage, such as 1%"):
        PERCENT.convert(text, None, None)


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "1e999", "x", ""])
def test_a_bound_is_finite(text: str) -> None:
    with pytest.raises(click.BadParameter, match="write a number"):
        FINITE.convert(text, None, None)
