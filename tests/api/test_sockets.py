"""Answers leave at once."""

import os
import socket

from api.sockets import send_at_once


def option(found):
    return found.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_connections_of_the_port_inherit_it_and_no_other_socket_is_touched():
    with socket.create_server(("127.0.0.1", 0)) as ours, socket.create_server(("127.0.0.1", 0)) as other:
        before = len(os.listdir("/proc/self/fd"))
        assert send_at_once(ours.getsockname()[1]) == 1
        assert len(os.listdir("/proc/self/fd")) == before
        with socket.create_connection(ours.getsockname()):
            accepted, _ = ours.accept()
            with accepted:
                assert option(accepted)
        assert not option(other)
    assert send_at_once(1) == 0
