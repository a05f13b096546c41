"""Flashing by copying to a boot loader's drive: folders that pretend to be drives."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from flash_job import make_job

from mcuforge.errors import UsageError
from mcuforge.flash import uf2_drive
from mcuforge.flash.job import Job
from mcuforge.flash.problems import FlashError, Kind

INFO = "UF2 Bootloader v3.0\nModel: Raspberry Pi RP2\nBoard-ID: {}\n"


@pytest.fixture
def job(tmp_path: Path) -> Job:
    firmware = tmp_path / "firmware.uf2"
    firmware.write_bytes(bytes(200_000))
    return make_job(tmp_path, uf2=firmware)


def drive(folder: Path, label: str = "RPI-RP2") -> Path:
    folder.mkdir()
    (folder / "INFO_UF2.TXT").write_text(INFO.format(label))
    return folder


def test_the_file_is_copied_and_the_drive_vanishes(job: Job, tmp_path: Path) -> None:
    ours, other = drive(tmp_path / "ours"), drive(tmp_path / "other", "NRF52840")

    def restart() -> None:
        while not (ours / "firmware.uf2").exists():
            time.sleep(0.01)
        (ours / "INFO_UF2.TXT").unlink()

    board = threading.Thread(target=restart)
    board.start()
    seen: list[int] = []
    uf2_drive.flash(job, lambda done, _: seen.append(done), [tmp_path, other, ours])
    board.join()
    assert (ours / "firmware.uf2").stat().st_size == 200_000
    assert not (other / "firmware.uf2").exists()
    assert seen == sorted(seen)
    assert seen[-1] == 100


def fails(job: Job, *mounts: Path) -> FlashError:
    with pytest.raises(FlashError) as error:
        uf2_drive.flash(job, lambda *_: None, mounts)
    return error.value


def test_no_drive_says_which_button(job: Job, tmp_path: Path) -> None:
    error = fails(job, drive(tmp_path / "other", "NRF52840"))
    assert error.kind is Kind.NO_PROBE
    assert "BOOTSEL" in error.message


def test_a_drive_that_was_named_is_said_to_be_missing(job: Job, tmp_path: Path) -> None:
    other = replace(job, probe="/mnt/none")
    error = fails(other, drive(tmp_path / "one"))
    assert error.kind is Kind.NO_PROBE
    assert "no drive of the boot loader 'RPI-RP2' at /mnt/none." in error.message


def test_two_drives_are_a_choice(job: Job, tmp_path: Path) -> None:
    error = fails(job, drive(tmp_path / "one"), drive(tmp_path / "two"))
    assert error.kind is Kind.SEVERAL_PROBES
    assert str(tmp_path / "two") in error.message


def test_a_drive_that_stays_did_not_take_it(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uf2_drive, "_GONE_SECONDS", 0.2)
    assert "did not take the file" in fails(job, drive(tmp_path / "one")).message


def test_a_drive_that_is_pulled_out(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(_: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("mcuforge.flash.uf2_drive.os.fsync", lost)
    assert fails(job, drive(tmp_path / "one")).kind is Kind.LOST


def test_it_can_neither_erase_nor_do_without_a_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot erase"):
        uf2_drive.flash(make_job(tmp_path, erase=True), lambda *_: None, [])
    with pytest.raises(UsageError, match="no UF2 file"):
        uf2_drive.flash(make_job(tmp_path), lambda *_: None, [])


def test_mounted_drives_are_folders() -> None:
    assert Path("/") in uf2_drive.mounted()
