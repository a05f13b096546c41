"""The models of the repository, built once a test process."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from built_models import Built, build_for_host


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Built]:
    """The model with that name, built for this computer under sanitizers."""
    known: dict[str, Built] = {}

    def make(name: str) -> Built:
        if name not in known:
            known[name] = build_for_host(
                name, tmp_path_factory.mktemp(name.replace("/", "-")) / "project"
            )
        return known[name]

    return make
