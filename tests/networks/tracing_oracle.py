"""Runs models on TFLM, one after the other: a model that it dies of is the last that it was given.

stdin: a pickled list of (model, [inputs of a step, ...], tensors). stdout, for each model: pickled,
for each step the values of the tensors and of the outputs, or the text of what TFLM refused.
"""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mcuforge.oracle.worker import TflmSession

Arrays = list[npt.NDArray[Any]]
Answer = list[tuple[Arrays, Arrays]] | str


def answer(model: bytes, steps: Sequence[Arrays], tensors: Sequence[int]) -> Answer:
    """Every step's tensors and outputs, or why there are none."""
    try:
        session = TflmSession(model, preserve=True)
        found: list[tuple[Arrays, Arrays]] = []
        for inputs in steps:
            outputs = [np.array(o) for o in session.invoke(inputs)]
            found.append(([session.tensor(i) for i in tensors], outputs))
        return found
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def main() -> None:
    """See the module."""
    stream = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # TFLM prints on stdout as well
    for request in pickle.load(sys.stdin.buffer):
        pickle.dump(answer(*request), stream)
        stream.flush()


if __name__ == "__main__":
    main()
