"""The example of docs/reference/python-api.md, word for word: a model all the way."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from small_model import small_classifier

pytestmark = pytest.mark.sim
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "python-api.md"


def test_the_example_proves_a_model(tmp_path: Path) -> None:
    example = re.search(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert example is not None
    (tmp_path / "model.tflite").write_bytes(small_classifier())
    program = example[1] + "print(report.verdict.samples, report.verdict.exact)"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("50 True\n", "")
