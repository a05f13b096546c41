"""Answers that are kept: used for the same question only, and never where they were touched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from single_op import Spec, build

from mcuforge.files import user_cache
from mcuforge.oracle import child, remembered, tflm
from mcuforge.oracle.tflm import TFLM
from mcuforge.processes.kept_worker import Answer

pytestmark = pytest.mark.skipif(not tflm.available(), reason="no tflite-micro on this platform")

MODEL = build("RELU", [Spec((1, 4))], [Spec((1, 4))])
SAMPLE = [np.array([[1, -2, 3, -4]], np.int8)]
RESULT = [1, 0, 3, 0]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv(user_cache.SWITCH)
    with remembered.remembering():
        yield tmp_path / "mcuforge" / "oracle"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The engines that had to be asked."""
    engines: list[str] = []
    ask = child._ask

    def counted(name: str, engine: str, request: bytes, timeout_s: float) -> Answer:
        engines.append(engine)
        return ask(name, engine, request, timeout_s)

    monkeypatch.setattr(child, "_ask", counted)
    return engines


def outputs() -> list[int]:
    values: list[int] = TFLM.run(MODEL, [SAMPLE])[0][0].ravel().tolist()
    return values


def test_the_same_question_is_asked_once(cache: Path, asked: list[str]) -> None:
    assert not remembered.knows(MODEL)
    with child.kept():
        assert [outputs(), outputs()] == [RESULT, RESULT]
        assert asked == ["tflm"] and remembered.knows(MODEL)
        TFLM.run(MODEL, [[SAMPLE[0] + 1]])
        TFLM.trace(MODEL, [SAMPLE], [1])
    assert len(asked) == 3 and len(list(cache.iterdir())) == 3


def test_an_answer_that_was_touched_or_is_of_another_question_is_none(
    cache: Path, asked: list[str]
) -> None:
    with child.kept():
        outputs()
        (kept,) = cache.iterdir()
        whole = kept.read_bytes()
        for content in (whole[:-1], b"", whole[:40] + b"\1" + whole[41:], bytes(32) + whole[32:]):
            kept.write_bytes(content)
            assert outputs() == RESULT
            assert kept.read_bytes() == whole
        assert len(asked) == 5
        TFLM.run(MODEL, [[SAMPLE[0] + 1]])
        (other,) = (path for path in cache.iterdir() if path != kept)
        kept.write_bytes(other.read_bytes())
        assert outputs() == RESULT and len(asked) == 7


def test_other_interpreters_are_asked_anew(
    cache: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with child.kept():
        outputs()
        monkeypatch.setattr(remembered, "_identity", lambda: b"of another version")
        outputs()
        monkeypatch.setattr(remembered, "_identity", lambda: None)
        outputs()
    assert len(asked) == 3 and len(list(cache.iterdir())) == 2


def test_nothing_is_kept_where_nobody_wants_it_or_others_could_write(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.chmod(0o777)
    with remembered.remembering():
        assert remembered.entry(MODEL, b"") is None and not remembered.knows(MODEL)
    cache.chmod(0o700)
    monkeypatch.setenv(user_cache.SWITCH, "no")
    with remembered.remembering():
        assert remembered.entry(MODEL, b"") is None


def test_outside_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv(user_cache.SWITCH)
    assert remembered.entry(MODEL, b"") is None


def test_only_so_many_and_no_large_answers_stay(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembered, "_MOST_ANSWERS", 4)
    for number in range(9):
        entry = remembered.entry(MODEL, bytes([number]))
        assert entry is not None
        entry.store(b"answer")
        assert entry.load() == b"answer"
        assert len(list(cache.iterdir())) <= 4
    monkeypatch.setattr(remembered, "_MOST_OF_ALL", 1000)
    for number in range(9):
        entry = remembered.entry(MODEL, bytes([number]))
        assert entry is not None
        entry.store(bytes(400))
        assert sum(path.stat().st_size for path in cache.iterdir()) < 1000 + 432
    entry = remembered.entry(MODEL, b"large")
    assert entry is not None
    entry.store(bytes((8 << 20) + 1))
    assert entry.load() is None
