"""What a trial will cost, from the plan of its untrained model: before it takes time to train.

The plan depends on the architecture, not on what weights have learnt. The untrained model is
converted with random samples, planned for the board, and its arena, flash and instructions are
told. They are kept by what they depend on: a KL weight or a rate of learning needs no new plan.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mcuforge import planning
from mcuforge.boards import Board
from mcuforge.convert import convert
from mcuforge.errors import ForgeError, ModelError
from mcuforge.files import atomic
from mcuforge.frontend import read_graph
from mcuforge.model_files.keras_inputs import declared_inputs
from mcuforge.planning import code_size, cycles, duration, fit, instructions, planner
from mcuforge.planning.rows.borders import BorderRows
from mcuforge.processes import scratch
from mcuforge.recipe import Recipe, Training
from mcuforge.recipe.quantization import Bits, QuantizationSettings
from mcuforge.search.figures import ARENA, CYCLES, FLASH, INSTRUCTIONS, RAM
from mcuforge.search.fingerprint import fingerprint
from mcuforge.training import train

_SAMPLES = 2
_CODE_SHARE = 0.75  # of the code that plans tell of: of kernels they know the most, of any core


@dataclass(frozen=True)
class Forecast:
    """Costs by name: as expected, and the least that they may turn out to be."""

    expected: Mapping[str, float]
    least: Mapping[str, float]


NOTHING = Forecast({}, {})


class Forecaster:
    """Tells costs, and keeps what it told in a folder that several processes may share."""

    def __init__(self, recipe: Recipe, board: Board, max_ram: int | None, folder: Path) -> None:
        self._recipe, self._board, self._folder = recipe, board, folder
        self._max_ram = max_ram

    def of(
        self,
        training: Training | None,
        settings: QuantizationSettings,
        memory: str,
        optimize: str,
    ) -> Forecast:
        """The costs of a model; nothing where the script cannot tell, or the plan fails."""
        try:
            if training is None:
                return self._planned(self._quantised(self._recipe, settings), memory, optimize)
            return self._of_untrained(training, settings, memory, optimize)
        except ForgeError:
            return NOTHING  # the trained model may fare better; if not, its trial says why

    def _of_untrained(
        self, training: Training, settings: QuantizationSettings, memory: str, optimize: str
    ) -> Forecast:
        with scratch.folder() as folder:
            made = train.in_folder(self._recipe, folder)
            architecture, built = self._architecture(training, made)
            if architecture is None:
                return NOTHING
            width = Bits.INT16 if settings.bits is Bits.INT16 else Bits.INT8
            network = [architecture, width.value, settings.per_channel]
            key = _digest([*network, memory, optimize, self._where()])
            kept = self._kept("forecast", key)
            if kept is not None:
                return Forecast(**kept)
            file = self._folder / f"network-{_digest(network)}.tflite"
            if not file.is_file():
                if not built:
                    train.network(training, made)
                atomic.write_bytes(file, self._quantised(made, settings))
            found = self._planned(file.read_bytes(), memory, optimize)
            self._keep("forecast", key, dataclasses.asdict(found))
            return found

    def _architecture(self, training: Training, made: Recipe) -> tuple[str | None, bool]:
        """A digest of the network, None where nobody tells, and whether `made` holds its file.

        The network depends on those options alone that the script says, whatever the others are.
        """
        script = fingerprint(self._recipe, trained=True)
        names = self._kept("options", script)
        options = dict(training.options)
        if names is not None:
            asked = _digest([script, [[name, options.get(name)] for name in names]])
            kept = self._kept("architecture", asked)
            if kept is not None:
                return kept["digest"], False
        found = train.network(training, made)
        asked = _digest([script, [[name, options.get(name)] for name in found.options]])
        self._keep("options", script, list(found.options))
        self._keep("architecture", asked, {"digest": found.digest})
        return found.digest, found.digest is not None

    def _quantised(self, made: Recipe, settings: QuantizationSettings) -> bytes:
        """The `.tflite` of a model: its ranges are anybody's, its sizes those of the settings."""
        if made.keras is None:
            return made.tflite.read_bytes()
        quick = QuantizationSettings(
            bits=Bits.INT16 if settings.bits is Bits.INT16 else Bits.INT8,
            per_channel=settings.per_channel,
        )
        return convert(made.keras, _random_samples(made.keras), settings=quick).tflite

    def _where(self) -> str:
        return f"{self._board.name} {self._max_ram} {self._recipe.borders}"

    def _planned(self, tflite: bytes, memory: str, optimize: str) -> Forecast:
        with scratch.folder() as folder:
            file = folder / "model.tflite"
            file.write_bytes(tflite)
            graph = read_graph(file, self._recipe.name)
        board = self._board
        borders = BorderRows.said(*self._recipe.borders)
        plan = planning.fitting(
            board, graph, optimize, memory=memory, max_ram=self._max_ram,
            make=lambda target, small: planner.plans(graph, target, small=small, borders=borders),
        )  # fmt: skip
        expected: dict[str, float] = {ARENA: plan.arena.bytes}
        least: dict[str, float] = {ARENA: plan.arena.bytes}
        found = fit.fits(plan, [board]).get(board.name)
        if found is not None:
            ram = fit.firmware_ram(plan, board)
            expected |= {RAM: ram, FLASH: found.all_flash.bytes}
            least |= {
                RAM: ram - code_size.RUNTIME_RAM_BYTES,
                FLASH: found.flash.bytes + round(_CODE_SHARE * found.code),
            }
        taken = instructions.estimated(plan, board)
        if taken is not None:
            expected[INSTRUCTIONS], least[INSTRUCTIONS] = taken.count, taken.least
        took, error = duration.estimated(plan, board), cycles.error(board)
        if took is not None and error is not None:
            # a trial's cycles are estimated from its instructions, which may be too few as well
            expected[CYCLES], least[CYCLES] = took.cycles, round(took.least * (1 - error))
        return Forecast(expected, least)

    def _kept(self, kind: str, key: str) -> Any:
        try:
            return json.loads((self._folder / f"{kind}-{key}.json").read_bytes())
        except (OSError, ValueError):
            return None

    def _keep(self, kind: str, key: str, content: Any) -> None:
        atomic.write_bytes(
            self._folder / f"{kind}-{key}.json", json.dumps(content).encode()
        )  # fmt: skip


def _random_samples(keras: Path) -> Any:
    """Samples 0 ... 1 for each input of a Keras model. Raises `ModelError` where none is told."""
    declared = declared_inputs(keras)
    if declared is None:
        raise ModelError(f"{keras}: does not tell its inputs.")
    drawn = np.random.default_rng(0)
    samples = {
        each.name: drawn.random((_SAMPLES, *(size or 1 for size in each.shape)), np.float32)
        for each in declared.inputs
    }
    return samples if len(samples) > 1 else next(iter(samples.values()))


def _digest(parts: Sequence[Any]) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]
