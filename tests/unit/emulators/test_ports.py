"""Ports are chosen and checked before anybody needs them."""

import subprocess
import sys

import pytest

from emulators.processes.ports import PortTakenError, free_ports, listen


def test_free_ports_are_all_different() -> None:
    """Ports chosen together never collide with each other."""
    assert len(set(free_ports(20))) == 20
    assert free_ports(0) == ()


def test_processes_that_choose_at_the_same_time_get_different_ports() -> None:
    """A port that one process was given, and has not bound yet, is not given to another one."""
    code = "from emulators.processes.ports import free_ports; print(*(free_ports(1)[0] for _ in range(200)))"
    choosing = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(3)]

    chosen = [port for process in choosing for port in process.communicate()[0].split()]

    assert len(set(chosen)) == 600


def test_a_free_port_can_be_listened_on() -> None:
    """A free port is one that a server can bind."""
    (port,) = free_ports(1)

    with listen(port, option="--port") as listener:
        assert listener.getsockname() == ("127.0.0.1", port)


def test_a_taken_port_is_named_with_the_option() -> None:
    """Who meets a taken port is told which one it is and how to choose another."""
    (port,) = free_ports(1)

    with listen(port, option="--port"), pytest.raises(PortTakenError, match=f"port {port} is taken .* --port"):
        listen(port, option="--port")
