"""Stands for a job of `warm_tensorflow.py`: `client.py ADDRESS ARGUMENTS...`."""

import json
import os
import signal
import socket
import sys

# pathlib takes longer to import than all else that is done here.
job = {"environment": dict(os.environ), "folder": os.getcwd(), "arguments": sys.argv[2:]}  # noqa: PTH109
with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
    server.connect(sys.argv[1])
    socket.send_fds(server, [json.dumps(job).encode()], [0, 1, 2])
    for stream in (0, 1, 2):
        os.close(stream)
    code = int(server.recv(64) or b"1")
if code < 0:
    signal.signal(-code, signal.SIG_DFL)
    os.kill(os.getpid(), -code)
os._exit(code)
