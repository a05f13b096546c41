"""Runs models on TFLM, one after the other: a model that it dies of is the last that it was given.

stdin: a pickled list of (model, [inputs of a sample, ...]). stdout, for each model: pickled, for
each sample a list of outputs as bytes, or the text of what TFLM refused.
"""

from __future__ import annotations

import os
import pickle
import sys

from mcuforge.oracle.worker import TflmSession


def answer(model: bytes, samples: list[list[object]]) -> list[list[bytes]] | str:
    """Outputs of every sample, or why there are none."""
    try:
        session = TflmSession(model, preserve=False)
        return [[o.tobytes() for o in session.invoke(inputs)] for inputs in samples]  # type: ignore[arg-type]
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def main() -> None:
    """See the module."""
    stream = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # TFLM prints on stdout as well
    for model, samples in pickle.load(sys.stdin.buffer):
        pickle.dump(answer(model, samples), stream)
        stream.flush()


if __name__ == "__main__":
    main()
