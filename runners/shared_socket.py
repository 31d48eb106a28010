"""Several processes of one command that share a listening socket: `python shared_socket.py HOST:PORT N COMMAND...`.

Each gets the socket as its standard input, as supervisor's `fcgi-program` gives it. When one ends, all are ended, and
this program with it.
"""

import os
import signal
import socket
import subprocess
import sys

BACKLOG = 1024


def main(bind: str, count: int, command: list[str]) -> int:
    host, _, port = bind.rpartition(":")
    with socket.create_server((host, int(port)), backlog=BACKLOG) as listener:
        workers = [subprocess.Popen(command, stdin=listener.fileno()) for _ in range(count)]
    signal.signal(signal.SIGTERM, lambda *_: _end(workers))
    pid, status = os.wait()
    print(f"{command[0]}, process {pid}, ended with status {os.waitstatus_to_exitcode(status)}", file=sys.stderr)
    _end(workers)
    return os.waitstatus_to_exitcode(status) or 1


def _end(workers: list["subprocess.Popen[bytes]"]) -> None:
    for worker in workers:
        worker.terminate()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), sys.argv[3:]))
