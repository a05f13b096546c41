"""Archives, arrays and HDF5 files that declare far more than they hold: refused, soon, in words."""

from __future__ import annotations

import io
import json
import resource
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mcuforge.errors import ForgeError, UsageError
from mcuforge.files import untrusted
from mcuforge.model_files import keras_inputs, saved_config
from mcuforge.model_files.keras_file import check_keras_file
from mcuforge.model_files.kind import recognise
from mcuforge.recipe import Metric, metrics
from mcuforge.samples import array_files, calibration

METADATA = json.dumps({"keras_version": "3.15.1"})
CONFIG = json.dumps({"class_name": "Sequential", "config": {"layers": []}})


def header(shape: tuple[int, ...], dtype: str = "<f4") -> bytes:
    stream = io.BytesIO()
    described = {"descr": dtype, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_2_0(stream, described)
    return stream.getvalue()


class Zeros:
    """An archive's member of so many zeros, of which a megabyte is stored for each gigabyte."""

    def __init__(self, path: Path) -> None:
        self.archive = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED)

    def add(self, name: str, size: int, start: bytes = b"") -> None:
        with self.archive.open(name, "w", force_zip64=True) as member:
            member.write(start)
            for _ in range(size >> 22):
                member.write(bytes(1 << 22))


def grown(path: Path, factor: int) -> None:
    """Let the table of contents declare so many times as much: no need to pack it."""
    with zipfile.ZipFile(path, "a") as archive:
        for member in archive.infolist():
            member.file_size *= factor
        archive._didModify = True  # type: ignore[attr-defined]


def keras_bomb(path: Path) -> None:
    bomb = Zeros(path)
    bomb.archive.writestr("metadata.json", METADATA)
    bomb.archive.writestr("config.json", CONFIG)
    bomb.add("model.weights.h5", 1 << 24)
    bomb.archive.close()
    grown(path, 400)


def many_members(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", METADATA)
        archive.writestr("config.json", CONFIG)
        for number in range(20_001):
            archive.writestr(str(number), b"")


def long_names(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", METADATA)
        archive.writestr("config.json", CONFIG)
        for number in range(100):
            archive.writestr(f"{number}".rjust(60_000, "x"), b"")


@pytest.mark.parametrize("make", [keras_bomb, many_members, long_names])
def test_a_keras_file(tmp_path: Path, make: Callable[[Path], None]) -> None:
    path = tmp_path / "model.keras"
    make(path)
    for read in (recognise, check_keras_file, saved_config.read):
        with pytest.raises(ForgeError, match="not unpacked"):
            read(path)
    assert keras_inputs.declared_inputs(path) is None


def samples_bomb(path: Path) -> None:
    bomb = Zeros(path)
    bomb.add("inputs.npy", 1 << 24, header((4096, 1024)))
    bomb.archive.close()
    grown(path, 400)


def shared_member(path: Path) -> None:
    """Many names for the same bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inputs.npy", header((1 << 21, 1)) + bytes(1 << 23))
        (first,) = archive.infolist()
        archive.filelist.extend([first] * 200)


def too_long(path: Path) -> None:
    path.write_bytes(header((10**12, 4)) + bytes(64))


def too_long_inside(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("inputs.npy", header((1, 10**13)) + bytes(64))


def overflowing(path: Path) -> None:
    """Its size is 0 in 64 bits."""
    path.write_bytes(header((2**32, 2**32, 4)) + bytes(64))


def nothing_each(path: Path) -> None:
    path.write_bytes(header((10**12, 0)))


def no_bytes_each(path: Path) -> None:
    path.write_bytes(header((10**12, 4), "|V0"))


def pickled(path: Path) -> None:
    array = np.array([print, print], dtype=object)
    with path.open("wb") as file:
        np.save(file, array, allow_pickle=True)


@pytest.mark.parametrize(
    "make",
    [
        samples_bomb, shared_member, too_long, too_long_inside, overflowing, nothing_each,
        no_bytes_each, pickled,
    ],
)  # fmt: skip
def test_samples(tmp_path: Path, make: Callable[[Path], None]) -> None:
    path = tmp_path / "samples.npz"
    make(path)
    with pytest.raises(ForgeError):
        calibration.write(path, tmp_path / "calibration.f32")
    with pytest.raises(ForgeError):
        array_files.read_inputs(path, ("inputs",))
    with pytest.raises(ForgeError):
        array_files.read_array(path)
    with pytest.raises(ForgeError):
        metrics.load_golden(path, Metric.NONE)


def test_what_is_large_and_sound_passes(tmp_path: Path) -> None:
    path = tmp_path / "samples.npz"
    np.savez_compressed(path, inputs=np.zeros((1 << 14, 1 << 10), np.float32))  # 64 MiB
    assert path.stat().st_size < 1 << 17
    assert array_files.read_array(path).shape == (1 << 14, 1 << 10)


def test_hdf5(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "model.h5"
    elsewhere = tmp_path / "secret.bin"
    elsewhere.write_bytes(bytes(64))

    def refused(make: Callable[..., object], said: str) -> None:
        with h5py.File(path, "w") as content:
            make(content.create_group("layer"))
        with pytest.raises(ForgeError, match=said):
            untrusted.check_hdf5(path, path)

    refused(lambda g: g.create_dataset("w", (1 << 20, 1 << 20), "f4", chunks=(64, 64)), "unpacks")
    zeros = np.zeros((1 << 13, 1 << 12), np.float32)  # 128 MiB
    refused(
        lambda g: [g.create_dataset(f"{n}", data=zeros, compression="gzip") for n in range(5)],
        "unpacks",
    )
    refused(
        lambda g: g.create_dataset("w", (16,), "f4", external=[(str(elsewhere), 0, 64)]),
        "another file",
    )
    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource(str(elsewhere), "w", (4,))
    refused(lambda g: g.create_virtual_dataset("w", layout), "another file")
    with h5py.File(path, "w") as content:
        content.create_dataset("w", data=zeros[:64], compression="gzip")
        content["loop"] = content["/"]
    untrusted.check_hdf5(path, path)


def test_a_configuration_too_deep_or_too_long(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    for config in ("[" * 100_000, '{"a":' * 500 + "1" + "}" * 500, '"' + "x" * (17 << 20) + '"'):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("metadata.json", METADATA)
            archive.writestr("config.json", config)
        with pytest.raises(ForgeError, match=r"nested|recursion|MiB"):
            saved_config.read(path)
        assert keras_inputs.declared_inputs(path) is None


def test_the_table_of_contents_of_a_large_archive(tmp_path: Path) -> None:
    """ZIP64 says its size in another record."""
    path = tmp_path / "wide.keras"
    size = 5 << 20
    wide = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 100, 100, size, 0)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, size, 1)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 100, 100, 0xFFFFFFFF, 0, 0)
    path.write_bytes(b"PK\1\2" + bytes(size - 4) + wide + locator + end)
    with pytest.raises(ForgeError, match="not unpacked"):
        untrusted.check_archive(path)


LIMITED = """
import sys
from mcuforge.cli import main
main(sys.argv[1:])
"""


def test_the_command_keeps_to_little_memory_and_time(tmp_path: Path) -> None:
    model, data = tmp_path / "model.keras", tmp_path / "samples.npz"
    keras_bomb(model)
    samples_bomb(data)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
        resource.setrlimit(resource.RLIMIT_CPU, (20, 20))

    for command in (["convert", str(model), "--samples", str(data)], ["inspect", str(model)]):
        done = subprocess.run(
            [sys.executable, "-c", LIMITED, *command], capture_output=True, text=True,
            preexec_fn=limit, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == 1 and "not unpacked" in done.stderr, done.stderr


def test_text_of_any_size_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(UsageError, match="too large"):
        untrusted.read_toml(path)
