"""Free ports, and the question which ports of a list are taken.

A reserved port stays bound, without listening, until the pool is closed: nobody else is given it, not even as the
local port of an outgoing connection, while a program started by the test may still listen on it (SO_REUSEADDR or
SO_REUSEPORT, either will do).
"""

import errno
import socket


def family_of(ip):
    return socket.AF_INET6 if ":" in ip else socket.AF_INET


class PortPool:
    def __init__(self):
        self._reserved = []

    def reserve(self, ip="127.0.0.1", port=0):
        held = socket.socket(family_of(ip), socket.SOCK_STREAM)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        held.bind((ip, port))
        self._reserved.append(held)
        return held.getsockname()[1]

    def close(self):
        for held in self._reserved:
            held.close()
        self._reserved.clear()


def is_taken(ip, port):
    """Whether somebody listens there (or the address cannot be bound for another reason than privileges)."""
    with socket.socket(family_of(ip), socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ip, port))
            probe.listen(1)
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES, errno.EADDRNOTAVAIL):
                return True
            raise
    return False


def endpoint(ip, port):
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"
