#!/usr/bin/env python3
"""Stands in for qemu-system-arm in tests. FAKE_QEMU says how it fails."""

import os
import re
import socket
import sys
import time

mode = os.environ.get("FAKE_QEMU", "serve")
if mode == "die":
    sys.exit("qemu-system-arm: unsupported machine type")
if mode == "hang":
    time.sleep(600)

address = re.search(r"tcp:([\d.]+):(\d+)", " ".join(sys.argv))
server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
try:
    server.bind((address[1], int(address[2])))
except OSError as error:
    sys.exit(f"qemu-system-arm: -serial: Failed to bind socket: {error.strerror}")
server.listen()
connection, _ = server.accept()
if mode == "die-later":
    connection.recv(1)
    sys.exit("qemu: fatal: Lockup: can't escalate 3 to HardFault")
time.sleep(600)
