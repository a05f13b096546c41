"""`--samples` is a file and `--count` a number, whatever the command."""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np
import pytest
from command_line import mcuforge
from single_op import Spec, build

from mcuforge.cli import COMMANDS, cli


@pytest.fixture
def relu(tmp_path: Path) -> Path:
    path = tmp_path / "relu.tflite"
    spec = Spec((1, 4), scale=0.5)
    path.write_bytes(build("RELU", [spec], [spec]))
    return path


@pytest.mark.parametrize("name", COMMANDS)
def test_options_mean_the_same_in_every_command(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    for option in command.params:
        if "--count" in option.opts:
            assert isinstance(option.type, click.IntRange), name
        if "--samples" in option.opts and not getattr(option, "hidden", False):
            assert isinstance(option.type, click.Path), name


@pytest.mark.parametrize("name", ["bench", "simulate"])
def test_a_number_of_samples_is_told_its_new_name(name: str, relu: Path) -> None:
    outcome = mcuforge(name, relu, "--samples", "5")
    outcome.refused(2, "--samples names a file", "--count 5")


@pytest.mark.parametrize("name", ["bench", "simulate"])
def test_a_file_where_none_is_read(name: str, relu: Path) -> None:
    mcuforge(name, relu, "--samples", relu).refused(2, "commands that read samples", "--count.")


def test_a_number_where_a_file_is_read(relu: Path) -> None:
    for command in ("parity", "run"):
        outcome = mcuforge(command, relu, "--samples", "5")
        outcome.refused(2, "--samples is 5, but it names a file", "--count 5")
    outcome = mcuforge("convert", relu, "--samples", "5")
    outcome.refused(2, "--samples is 5, but it names a file")
    assert "--count" not in outcome.stderr


def test_parity_takes_the_file_as_samples(relu: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "samples.npz"
    np.savez(wrong, inputs=np.zeros((3, 5), np.float32))
    outcome = mcuforge("parity", relu, "--samples", wrong, "-o", tmp_path / "out")
    outcome.refused(1, "samples.npz", "do not fit the model's input")
