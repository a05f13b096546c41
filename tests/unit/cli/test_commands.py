"""The command line as a user meets it: messages, exit codes, no tracebacks, quick to start."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np
import pytest
from command_line import Outcome, mcuforge
from json_documents import checked
from single_op import Spec, build

import mcuforge.cli as mcuforge_cli
from mcuforge.cli import COMMANDS, SECTIONS, cli, option_sections

MODELS = Path(__file__).parents[3] / "models"
CLI = Path(mcuforge_cli.__file__).parent


def in_its_own_process(*arguments: str | Path) -> Outcome:
    """As a shell runs it; most tests do without, as a process takes a second to start."""
    command = [sys.executable, "-m", "mcuforge", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return Outcome(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def relu(tmp_path: Path) -> Path:
    path = tmp_path / "relu.tflite"
    spec = Spec((1, 4, 4, 3), scale=0.5, zero_point=-3)
    path.write_bytes(build("RELU", [spec], [spec]))
    return path


def test_help_lists_every_command_in_its_section() -> None:
    text = in_its_own_process("--help").stdout
    parts = dict(part.split(":\n", 1) for part in text.split("\n\n") if ":\n" in part)
    for title, commands in SECTIONS.items():
        listed = [line.split()[0] for line in parts[title].splitlines() if line[2] != " "]
        assert listed == list(commands)


def test_every_command_has_a_section() -> None:
    written = {file.stem for file in CLI.glob("*.py") if "\ndef command(" in file.read_text()}
    assert written == {name.replace("-", "_") for name in COMMANDS}
    assert len(COMMANDS) == sum(map(len, SECTIONS.values()))  # none stands in two


@pytest.mark.parametrize("command", cli.list_commands(click.Context(cli)))
def test_every_command_has_help(command: str) -> None:
    outcome = mcuforge(command, "--help")
    assert outcome.code == 0 and "Usage: mcuforge" in outcome.stdout


@pytest.mark.parametrize("command", ["run", "parity", "convert", "debug-quantization"])
def test_many_options_are_shown_in_sections(command: str) -> None:
    found = cli.get_command(click.Context(cli), command)
    assert found is not None
    context = click.Context(found, max_content_width=80)
    text = found.get_help(context)
    parts = dict(part.split(":\n", 1) for part in text.split("\n\n") if ":\n" in part)
    assert next(iter(parts)) == "Options" and "--help" in parts["Options"]
    for option in found.get_params(context):
        section = option_sections._SECTION_OF.get(option.name, "Options")
        if isinstance(option, click.Option) and not option.hidden:
            assert option.opts[-1] in parts[section].split() or option.opts[-1] == "--help"
    assert len(parts) >= 3 and sum(text.count(f"\n{title}:\n") for title in parts) == len(parts)


def test_sections_of_options_name_options_that_there_are() -> None:
    named = {name for names in option_sections.SECTIONS.values() for name in names}
    sectioned = ("run", "parity", "convert", "debug-quantization")
    commands = [cli.get_command(click.Context(cli), name) for name in sectioned]
    assert named <= {p.name for command in commands if command for p in command.params}


def test_boards_shows_all_names_and_simulators_in_80_columns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = [line.rstrip() for line in mcuforge("boards").stdout.splitlines()]
    assert all(len(line) <= 80 and "…" not in line for line in lines)
    for name, simulators in [("stm32f4-discovery", "QEMU, Renode"), ("pico", "  Renode")]:
        (line,) = [line for line in lines if line.strip().startswith(name)]
        assert line.endswith(simulators)
    (pico,) = [
        b for b in checked(mcuforge("boards", "--json").stdout)["boards"] if b["name"] == "pico"
    ]
    assert (pico["core"], pico["simulators"]) == ("cortex-m0plus", ["Renode"])


def test_inspect_shows_ops_and_costs(relu: Path) -> None:
    outcome = mcuforge("inspect", relu)
    assert outcome.code == 0
    assert "RELU" in outcome.stdout and "lookup_s8" in outcome.stdout
    assert "Arena 48 B" in outcome.stdout


def test_inspect_json(relu: Path) -> None:
    content = checked(mcuforge("inspect", relu, "--json").stdout)
    assert content["arena"] == {"bytes": 48, "lower_bound": 48}
    assert content["ops"][0]["kernels"] == ["lookup_s8"]


def test_nothing_heavy_is_imported() -> None:
    """Start-up stays short because of what is not imported; benchmarks/startup.py measures it."""
    code = (
        "import sys; from mcuforge import driver; from mcuforge.cli import cli\n"
        "heavy = {'tensorflow', 'keras', 'matplotlib', 'skimage', 'sklearn', 'tflite_micro', "
        "'optuna'}\n"
        f"for command in {[*COMMANDS]}:\n"
        "    cli.get_command(None, command)\n"
        "    print(command, *sorted(heavy & {m.split('.')[0] for m in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n") == [*COMMANDS, ""]  # the first with more is the one


def test_emit_writes_a_project(relu: Path, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    outcome = mcuforge("emit", relu, "-o", folder, "--json")
    assert checked(outcome.stdout)["board"] == "mps2-an386"
    assert (folder / "CMakeLists.txt").is_file() and (folder / "model/relu_model.c").is_file()


def test_emitting_twice_gives_the_same_bytes(relu: Path, tmp_path: Path) -> None:
    contents = []
    for name, emit in (("first", mcuforge), ("second", in_its_own_process)):
        assert emit("emit", relu, "-o", tmp_path / name).code == 0
        files = sorted(p for p in (tmp_path / name).rglob("*") if p.is_file())
        contents.append([(p.relative_to(tmp_path / name), p.read_bytes()) for p in files])
    assert contents[0] == contents[1]


@pytest.mark.parametrize("arguments", [("inspect",), ("emit",), ("parity",), ("run",)])
def test_a_missing_model(
    arguments: Sequence[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    mcuforge(*arguments, "none.tflite").refused(2, "none.tflite: no such file")
    assert list(tmp_path.iterdir()) == []


def test_a_truncated_model(relu: Path) -> None:
    data = relu.read_bytes()
    for length in range(0, len(data), 97):
        relu.write_bytes(data[:length])
        mcuforge("inspect", relu).refused(1, "relu.tflite")
    in_its_own_process("inspect", relu).refused(1, "relu.tflite")


def test_a_float_model(tmp_path: Path) -> None:
    path = tmp_path / "float.tflite"
    spec = Spec((1, 4), "float32", scale=None)
    path.write_bytes(build("RELU", [spec], [spec]))
    mcuforge("emit", path, "-o", tmp_path / "out").refused(
        1,
        "in float",
        "RELU (op 0 of the file, layer 'out0')",
        "int8",
    )
    assert not (tmp_path / "out").exists()


def test_an_unsupported_op_names_op_layer_and_way_out(tmp_path: Path) -> None:
    path = tmp_path / "odd.tflite"
    spec = Spec((1, 4))
    path.write_bytes(build("FLOOR_MOD", [spec, spec], [spec]))
    outcome = mcuforge("inspect", path)
    said = "FLOOR_MOD (op 0 of the file, layer 'out0')"
    outcome.refused(1, said, "In Keras use what", "Conv2D")


def test_a_model_that_does_not_fit(tmp_path: Path) -> None:
    path = tmp_path / "large.tflite"
    spec = Spec((1, 2048, 2048, 1), scale=0.5)
    path.write_bytes(build("MUL", [spec, spec], [spec], _mul_options()))
    outcome = mcuforge("emit", path, "-o", tmp_path / "out")
    outcome.refused(1, "does not fit mps2-an386", "B more than", "The peak is at op 0, MUL (")
    assert not (tmp_path / "out").exists()


def _mul_options() -> object:
    from ai_edge_litert import schema_py_generated as schema

    return schema.MulOptionsT()


def test_an_unknown_board(relu: Path) -> None:
    mcuforge("emit", relu, "--board", "toaster").refused(2, "toaster", "mps2-an386")


def test_a_folder_that_is_somebody_elses(relu: Path, tmp_path: Path) -> None:
    folder = tmp_path / "precious"
    folder.mkdir()
    (folder / "thesis.txt").write_text("years of work")
    mcuforge("emit", relu, "-o", folder).refused(1, "precious")
    assert (folder / "thesis.txt").read_text() == "years of work"


def test_a_folder_without_recipe(tmp_path: Path) -> None:
    mcuforge("inspect", tmp_path).refused(2, "recipe.toml")


def test_samples_of_the_wrong_shape(relu: Path, tmp_path: Path) -> None:
    path = tmp_path / "inputs.npz"
    np.savez(path, inputs=np.zeros((3, 5), np.float32))
    outcome = mcuforge("parity", relu, "--inputs", path, "-o", tmp_path / "out")
    outcome.refused(1, "do not fit the model's input")


def test_debug_shows_a_traceback(tmp_path: Path) -> None:
    outcome = in_its_own_process("inspect", tmp_path / "none.tflite", "--debug")
    assert outcome.code == 2 and "Traceback" in outcome.stderr


def test_build_of_something_else(tmp_path: Path) -> None:
    mcuforge("build", tmp_path).refused(2, "not a firmware project")


def test_a_port_goes_without_a_simulator(relu: Path) -> None:
    outcome = mcuforge("parity", relu, "--port", "socket://127.0.0.1:1", "--simulator", "renode")
    outcome.refused(2, "--simulator and --renode go without it")


def test_a_missing_renode_is_said_before_anything_is_built(relu: Path, tmp_path: Path) -> None:
    options = ["--simulator", "renode", "--renode", tmp_path / "no", "-o", tmp_path / "out"]
    outcome = mcuforge("parity", relu, *options)
    outcome.refused(2, f"Renode was not found at {tmp_path / 'no'}", "--renode")
    assert not (tmp_path / "out").exists()
