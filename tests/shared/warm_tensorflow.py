"""Children with TensorFlow that start at once, for tests: importing it takes longer than most jobs.

A server imports TensorFlow and Keras, runs nothing, and forks a process for every job. The command
that the code under test starts is `warm_tensorflow_client.py`, which stands for that process: the
same streams, environment and folder, the same end. If it is killed, so is the job.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mcuforge.processes import python_worker, tensorflow_child

WORKER = "mcuforge.processes.tensorflow_worker"
CLIENT = Path(__file__).with_name("warm_tensorflow_client.py")
STREAMS = 3
STARTS_WITHIN = 120.0  # seconds, on a busy computer


class Server:
    """Starts with the first job that needs it."""

    def __init__(self, folder: Path) -> None:
        self.address = folder / "tensorflow.socket"
        self.process: subprocess.Popen[bytes] | None = None

    def command(self, module: str, *arguments: str) -> list[str]:
        """As `python_worker.command`; jobs of the package go to the server."""
        if module != WORKER or not arguments[0].startswith("mcuforge."):
            return python_worker.command(module, *arguments)
        if self.process is None:
            self._start()
        return [sys.executable, "-I", "-S", str(CLIENT), str(self.address), *arguments]

    def _start(self) -> None:
        command = [sys.executable, "-P", __file__, str(self.address)]
        environment = os.environ | tensorflow_child._ENVIRONMENT
        self.process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + STARTS_WITHIN
        while not self.address.exists():
            assert self.process.poll() is None and time.monotonic() < deadline
            time.sleep(0.02)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait()


@contextmanager
def server(folder: Path) -> Iterator[Server]:
    """A server that ends with the block; its socket lies in `folder`."""
    served = Server(folder)
    try:
        yield served
    finally:
        served.stop()


def serve(address: str) -> None:
    """Fork a process for each connection, and send its exit status when it ends."""
    import keras  # noqa: F401 - what is imported here is there in every job
    import tensorflow  # noqa: F401

    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.bind(f"{address}.new")
    listening.listen()
    Path(f"{address}.new").rename(address)
    ended, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake)
    chosen = selectors.DefaultSelector()
    chosen.register(listening, selectors.EVENT_READ)
    chosen.register(ended, selectors.EVENT_READ)
    jobs: dict[socket.socket, int] = {}
    while True:
        for key, _ in chosen.select():
            if key.fileobj is listening:
                client = listening.accept()[0]
                jobs[client] = _forked(client, listening)
                chosen.register(client, selectors.EVENT_READ)
            elif isinstance(key.fileobj, socket.socket):  # nobody writes: the client is gone
                os.killpg(jobs[key.fileobj], signal.SIGKILL)
                chosen.unregister(key.fileobj)
        _collect(jobs, chosen, ended)


def _collect(jobs: dict[socket.socket, int], chosen: selectors.BaseSelector, ended: int) -> None:
    os.set_blocking(ended, False)
    with suppress(BlockingIOError):
        os.read(ended, 4096)
    for client, pid in list(jobs.items()):
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            with suppress(OSError):
                client.sendall(b"%d" % os.waitstatus_to_exitcode(status))
            with suppress(KeyError):
                chosen.unregister(client)
            client.close()
            del jobs[client]


def _forked(client: socket.socket, listening: socket.socket) -> int:
    """The process of a job."""
    message, streams, _, _ = socket.recv_fds(client, 1 << 20, STREAMS)
    pid = os.fork()
    if pid:
        for stream in streams:
            os.close(stream)
        return pid
    code = 1
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        listening.close()
        client.close()
        _become(json.loads(message), streams)
        from mcuforge.processes import tensorflow_worker

        tensorflow_worker.main()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        for printed in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                printed.flush()
        os._exit(code)


def _become(job: dict[str, object], streams: list[int]) -> None:
    """Streams, environment, folder and arguments of the client."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    environment, arguments, folder = job["environment"], job["arguments"], job["folder"]
    assert isinstance(environment, dict) and isinstance(arguments, list)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(str(folder))
    sys.argv = [WORKER, *arguments]
    sys.path[:0] = environment.get("PYTHONPATH", "").split(os.pathsep)


if __name__ == "__main__":
    serve(sys.argv[1])
