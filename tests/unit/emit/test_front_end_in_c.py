"""Features in emitted C, compiled and run under sanitizers against the same in Python."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from emitted import SANITIZERS, WARNINGS, Array, run, source, succeed, unpack, write
from single_op import Spec, build

from mcuforge import boards
from mcuforge.emit.extras import Extras
from mcuforge.emit.flavours import FLAVOURS
from mcuforge.emit.front_end import FrontEnd
from mcuforge.emit.project_files import Source, project_files
from mcuforge.errors import UsageError
from mcuforge.features import input_codes
from mcuforge.oracle.tflm import TFLM
from mcuforge.recipe.features import Codes, Features

ELEMENTS = 24
MADE_C = b"""/* differences of neighbours, cut to a byte */
#include "made.h"
void made(const int16_t *raw, CODE *features) {
    for (int i = 0; i < 24; i++) {
        features[i] = (CODE)(raw[i + 1] - raw[i]);
    }
}
"""
MADE_H = (
    b"#include <stdint.h>\ntypedef %s_t CODE;\nvoid made(const int16_t *raw, CODE *features);\n"
)
MAIN = """
#include <stdio.h>
#include "net_raw.h"
int main(void) {
    static int16_t raw[NET_RAW_ELEMENTS];
    if (net_model.init() != MF_OK) {
        return 1;
    }
    while (fread(raw, sizeof raw, 1, stdin) == 1) {
        if (net_fill_from_raw(raw) != MF_OK) {
            return 2;
        }
        (void)fwrite(net_model.inputs[0].data, net_model.inputs[0].bytes, 1, stdout);
        if (net_run_raw(raw) != MF_OK) {
            return 3;
        }
        (void)fwrite(net_model.outputs[0].data, net_model.outputs[0].bytes, 1, stdout);
    }
    return 0;
}
"""
RAW = np.random.default_rng(5).integers(-(2**15), 2**15, (40, ELEMENTS + 1)).astype(np.int16)


def made(raw: Array, output: Codes) -> Array:
    return np.diff(raw.astype(np.int64)).astype(np.uint8).view(output)


def features(output: Codes = "int8", function: str = "made", scale: float = 0.25) -> Features:
    shape = (ELEMENTS + 1,)
    return Features(function, Path("made.py"), (), "int16", shape, output, scale, 5)


def with_features(net: Source, of: Features, **files: bytes) -> Source:
    sources = files or {"made.c": MADE_C, "made.h": MADE_H % of.output.encode()}
    return replace(net, extras=Extras(front_end=FrontEnd(of, sources)))


def relu(dtype: str, folder: Path, name: str = "net") -> Source:
    spec = Spec((1, ELEMENTS), dtype, 0.25, 5 if dtype == "int8" else 0)
    return source(build("RELU", [spec], [spec]), name, folder)


@pytest.mark.parametrize(("dtype", "output"), [("int8", "int8"), ("int16", "uint8")])
def test_the_input_is_what_the_python_makes(dtype: str, output: Codes, tmp_path: Path) -> None:
    net, of = relu(dtype, tmp_path), features(output)
    folder = write([with_features(net, of)], tmp_path / "project")
    (tmp_path / "main.c").write_text(MAIN)
    sources = [tmp_path / "main.c", *sorted((folder / "src").glob("*.c"))]
    flags = ["-std=c11", *WARNINGS[:3], *SANITIZERS, f"-I{folder / 'include'}"]
    succeed("gcc", *flags, "-o", tmp_path / "program", *sources)
    (tensor,) = (net.plan.graph.tensor(i) for i in net.plan.graph.inputs)
    assert input_codes.is_identity(of, tensor) == (dtype == "int8")
    inputs = input_codes.of_codes(of, np.stack([made(raw, output) for raw in RAW]), tensor)
    outputs = TFLM.run((tmp_path / "net.tflite").read_bytes(), inputs)
    expected = b"".join(a.tobytes() for pair in zip(inputs, outputs, strict=True) for (a,) in pair)
    assert run(tmp_path / "program", [[raw] for raw in RAW]) == expected
    joined = ("gcc", "-std=c11", *WARNINGS, "-fsyntax-only", f"-I{folder / 'include'}")
    succeed(*joined, folder / "src" / "net_raw.c")  # ours knows no excuse


def test_the_example_reads_raw_samples(tmp_path: Path) -> None:
    net = with_features(relu("int8", tmp_path), features())
    folder = write([net], tmp_path / "project", "platformio")
    library = folder / "lib" / "mcuforge_net"
    include = f"-I{library / 'include'}"
    in_c = [*sorted(library.rglob("*.c")), folder / "src" / "net_application.c"]
    for source_file in in_c:
        target = tmp_path / f"{source_file.stem}.o"
        succeed("gcc", "-std=c11", "-Wall", "-Werror", include, "-c", "-o", target, source_file)
    main = ("g++", "-Wall", "-Wextra", "-Werror", include, folder / "src" / "main.cpp")
    succeed(*main, *tmp_path.glob("*.o"), "-o", tmp_path / "example")
    assert succeed(tmp_path / "example").count("largest output: ") == 3
    assert "read_raw();" in (folder / "src" / "main.cpp").read_text()
    assert "read_sensor" not in (folder / "src" / "main.cpp").read_text()


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_every_flavour_has_the_files_and_its_readme_tells_of_them(
    flavour: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mcuforge.emit.project_files.build_archive", lambda *_: None)  # takes long
    net = with_features(relu("int8", tmp_path), features())
    content = project_files([net], boards.load("host"), "net", flavour)
    names = [Path(path).name for path in content]
    assert {"made.c", "made.h", "net_raw.c", "net_raw.h"} <= set(names)
    assert "net_run_raw" in content["README.md"].decode()
    listed = b"".join(content.values()).decode("utf-8", "replace")
    if flavour in ("zephyr", "esp-idf", "library", "csolution"):
        assert "src/made.c" in listed and "src/net_raw.c" in listed
    raw_h = next(path for path in content if path.endswith("net_raw.h"))
    assert any(path == raw_h.replace("net_raw.h", "net_model.h") for path in content)


def test_a_header_of_the_users_hides_none_of_the_c_librarys(tmp_path: Path) -> None:
    """`features.h` is one of glibc's, which its own headers include."""
    files = {"made.c": MADE_C.replace(b"made.h", b"features.h"), "features.h": MADE_H % b"int8"}
    net = with_features(relu("int8", tmp_path), features(), **files)
    unpack(project_files([net], boards.load("host"), "net"), tmp_path / "p")
    where = [f"-I{tmp_path / 'p' / folder}" for folder in ("model", "engines", "kernels")]
    every = sorted((tmp_path / "p").glob("[mfk]*/**/*.c"))
    assert tmp_path / "p" / "features" / "net" / "made.c" in every
    succeed("gcc", "-std=c11", "-Wall", "-Werror", "-fsyntax-only", *where, *every)


def test_files_and_functions_that_cannot_be_in_one_project_are_refused(tmp_path: Path) -> None:
    host = boards.load("host")
    one, two = (relu("int8", tmp_path, name) for name in ("one", "two"))
    both = [with_features(one, features()), with_features(two, features())]
    with pytest.raises(UsageError, match="by a function called made: one program"):
        project_files(both, host, "both")
    both[1] = with_features(two, features(function="other"))
    with pytest.raises(UsageError, match=r"two files called made\.c"):
        project_files(both, host, "both", "zephyr")
    assert "features/two/made.c" in project_files(both, host, "both")
    beside = project_files([with_features(one, features()), two], host, "both")["main.c"].decode()
    assert "    &one_front_end,\n    NULL,\n" in beside
    ours = with_features(one, features(), **{"nn.h": b"", "made.c": b""})
    with pytest.raises(UsageError, match=r"two files called nn\.h"):
        project_files([ours], host, "one", "esp-idf")
    for word in ("double", "one_run_raw", "one_model"):
        with pytest.raises(UsageError, match=f"{word} is a word of C or a name of the project's"):
            project_files([with_features(one, features(function=word))], host, "one")
