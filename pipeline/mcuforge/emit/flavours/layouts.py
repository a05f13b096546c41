"""What each flavour looks like on disk. `{name}` in a path is the model's C name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

CMAKE = "cmake"
# The port of TensorFlow Lite Micro in the registries of Arduino and PlatformIO.
_CHIRALE = "Chirale_TensorFlowLite.h"


@dataclass(frozen=True)
class Flavour:
    """A build system's layout.

    `templates` maps a file of templates/flavours/ to its path in the project. `sources` and
    `headers` are the folders for the model's C files, `application` that for the example's.
    `no_tflm` says why TensorFlow Lite Micro cannot be had there; None where it can. `tflm_header`
    is the header by which the build system finds the library that holds it; None where the
    metadata suffices.
    """

    name: str
    title: str
    templates: Mapping[str, str]
    sources: str
    headers: str
    application: str
    no_tflm: str | None = None
    tflm_header: str | None = None


_ZEPHYR = Flavour(
    name="zephyr",
    title="Zephyr module with a sample",
    templates={
        "zephyr/module.yml.j2": "zephyr/module.yml",
        "zephyr/CMakeLists.txt.j2": "CMakeLists.txt",
        "zephyr/Kconfig.j2": "Kconfig",
        "zephyr/west.yml.j2": "west.yml",
        "zephyr/README.md.j2": "README.md",
        "zephyr/sample_CMakeLists.txt.j2": "samples/{name}/CMakeLists.txt",
        "zephyr/prj.conf.j2": "samples/{name}/prj.conf",
        "zephyr/sample.yaml.j2": "samples/{name}/sample.yaml",
        "zephyr/main.c.j2": "samples/{name}/src/main.c",
    },
    sources="src",
    headers="include",
    application="samples/{name}/src",
)
_ESP_IDF = Flavour(
    name="esp-idf",
    title="ESP-IDF component with an application",
    templates={
        "esp-idf/CMakeLists.txt.j2": "CMakeLists.txt",
        "esp-idf/main_CMakeLists.txt.j2": "main/CMakeLists.txt",
        "esp-idf/main.c.j2": "main/main.c",
        "esp-idf/component_CMakeLists.txt.j2": "components/mcuforge_{name}/CMakeLists.txt",
        "esp-idf/idf_component.yml.j2": "components/mcuforge_{name}/idf_component.yml",
        "esp-idf/README.md.j2": "README.md",
    },
    sources="components/mcuforge_{name}/src",
    headers="components/mcuforge_{name}/include",
    application="main",
)
_ARDUINO = Flavour(
    name="arduino",
    title="Arduino library with an example sketch",
    templates={
        "arduino/library.properties.j2": "library.properties",
        "arduino/keywords.txt.j2": "keywords.txt",
        "arduino/sketch.ino.j2": "examples/{name}/{name}.ino",
        "arduino/README.md.j2": "README.md",
    },
    # Arduino offers all of src/ to every sketch and library: only the headers lie there.
    sources="src/{name}",
    headers="src",
    application="examples/{name}",
    tflm_header=_CHIRALE,
)
_PLATFORMIO = Flavour(
    name="platformio",
    title="PlatformIO project with the model as a library",
    templates={
        "platformio/platformio.ini.j2": "platformio.ini",
        "platformio/library.json.j2": "lib/mcuforge_{name}/library.json",
        "platformio/main.cpp.j2": "src/main.cpp",
        "platformio/README.md.j2": "README.md",
    },
    # PlatformIO offers src/ like include/: nothing lies in it itself.
    sources="lib/mcuforge_{name}/src/{name}",
    headers="lib/mcuforge_{name}/include",
    application="src",
    tflm_header=_CHIRALE,
)
_CSOLUTION = Flavour(
    name="csolution",
    title="CMSIS solution for the CMSIS-Toolbox",
    templates={
        "csolution/csolution.yml.j2": "{name}.csolution.yml",
        "csolution/cdefault.yml.j2": "cdefault.yml",
        "csolution/cproject.yml.j2": "application/application.cproject.yml",
        "csolution/clayer.yml.j2": "model/{name}.clayer.yml",
        "csolution/packs.txt.j2": "packs.txt",
        "csolution/main.c.j2": "application/main.c",
        "csolution/README.md.j2": "README.md",
    },
    sources="model/src",
    headers="model/include",
    application="application",
)
_LIBRARY = Flavour(
    name="library",
    title="headers, sources and a static library",
    templates={
        "library/Makefile.j2": "Makefile",
        "library/main.c.j2": "example/main.c",
        "library/README.md.j2": "README.md",
    },
    sources="src",
    headers="include",
    application="example",
    no_tflm="a static library of the model would not hold TensorFlow Lite Micro",
)

FLAVOURS = {f.name: f for f in (_ZEPHYR, _ESP_IDF, _ARDUINO, _PLATFORMIO, _CSOLUTION, _LIBRARY)}
