"""What was compiled before is taken from ccache, where that is installed: most of a project's files
are the same in the next one.

ccache keeps what a compiler made by all that it depends on: the preprocessed source, the options,
the compiler. Sources are named from the build folder, so that it does not matter where a project
lies; the project's own options make the debug information the same with and without.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from mcuforge.files import user_cache

_VARIABLES = ("CMAKE_C_COMPILER_LAUNCHER", "CMAKE_CXX_COMPILER_LAUNCHER")
_MOST = "256M"
_PREFIX = "CCACHE_"
_KEPT = ("CCACHE_DISABLE", "CCACHE_RECACHE")  # the user's say


@dataclass(frozen=True)
class CompilerCache:
    """How compilers are called: options for CMake; variables for the build, which replace others.

    Without any of both they are called as the user has it.
    """

    options: tuple[str, ...] = ()
    variables: dict[str, str] = field(default_factory=dict)

    def environment(self, given: dict[str, str]) -> dict[str, str]:
        """Variables for a build. What configures the user's own cache does not reach ours."""
        if not self.variables:
            return given
        others = {
            name: value
            for name, value in given.items()
            if not name.startswith(_PREFIX) or name in _KEPT
        }
        return others | self.variables


def of_project(project: Path) -> CompilerCache:
    """What compiles the project in a folder, by an absolute path.

    Without ccache, or where nobody wants that anything is kept (`MCUFORGE_CACHE=no`), the compiler
    alone. A launcher that the user's environment names for CMake stays.
    """
    if any(os.environ.get(name) for name in _VARIABLES):
        return CompilerCache()
    program = shutil.which("ccache")
    folder = user_cache.private("ccache") if program else None
    if program is None or folder is None:
        return CompilerCache(tuple(f"-D{name}=" for name in _VARIABLES))
    return CompilerCache(
        tuple(f"-D{name}={Path(program).as_posix()}" for name in _VARIABLES),
        {
            "CCACHE_DIR": str(folder),
            "CCACHE_TEMPDIR": str(folder / "tmp"),
            "CCACHE_CONFIGPATH": os.devnull,
            "CCACHE_BASEDIR": str(project),
            "CCACHE_MAXSIZE": _MOST,
        },
    )
