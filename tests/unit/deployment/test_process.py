"""Service processes and their control line, with programs of a few lines."""

import os
import signal
import socket
import sys
from types import SimpleNamespace

import pytest

from jupyter_lifecycle.deployment.environment import Cancelled
from jupyter_lifecycle.deployment.process import Program, ServiceProcess, open_public_socket, tail
from jupyter_lifecycle.deployment.service.control import Control, ControlServer
from jupyter_lifecycle.errors import DeploymentError


@pytest.fixture
def program(tmp_path):
    def make(code, command=None):
        script = tmp_path / "service.py"
        script.write_text(code)
        return Program(
            command or [sys.executable, str(script)],
            tmp_path,
            tmp_path / "c.sock",
            tmp_path / "log",
        )

    return make


def never():
    return False


def test_a_program_that_is_not_there_cannot_be_started(program):
    with pytest.raises(DeploymentError, match="could not be started: /no/python: No such file"):
        ServiceProcess.start(program("", command=["/no/python"]))


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (
            "import sys; print('why it is', file=sys.stderr); sys.exit(3)",
            "exit status 3.*why it is",
        ),
        ("import os; os.kill(os.getpid(), 9)", "killed by SIGKILL"),
    ],
)
def test_a_service_that_ends_while_it_starts_says_how(program, code, said):
    process = ServiceProcess.start(program(code))
    with pytest.raises(DeploymentError, match=said):
        process.wait_ready(30, never)
    assert not process.alive()
    process.kill()


def test_a_service_that_is_not_ready_in_time_or_no_longer_wanted(program):
    process = ServiceProcess.start(program("input() if 0 else __import__('time').sleep(60)"))
    with pytest.raises(DeploymentError, match="not ready after 0 s"):
        process.wait_ready(0, never)
    with pytest.raises(Cancelled):
        process.wait_ready(30, lambda: True)
    assert process.alive()
    assert not process.ended(0)
    said = pytest.raises(DeploymentError, match="is gone; it could not take over")
    with socket.socket() as public, said:
        process.listen(public)
    with pytest.raises(DeploymentError, match="it could not give the endpoint's address on"):
        process.public_socket()
    process.drain(1)
    process.kill()
    assert process.ending() == f"killed by {signal.SIGKILL.name}"


@pytest.fixture
def served(tmp_path):
    """A control server in this process, and what it was asked."""
    asked = []

    def handle(request, fds):
        asked.append(request)
        for fd in fds:
            os.close(fd)
        if request["do"] == "status":
            return {"pid": os.getpid(), "endpoint": "svc"}, []
        if request["do"] == "pipe":
            ours, theirs = os.pipe()
            os.close(theirs)
            return {"give": True}, [ours]
        raise OSError(f"cannot do {request['do']!r} now")

    server = ControlServer(tmp_path / "c.sock", handle)
    server.start()
    yield SimpleNamespace(path=tmp_path / "c.sock", asked=asked)
    server.close()


def test_requests_and_descriptors_travel(served):
    with Control(served.path) as line, socket.socket() as spare:
        answer, fds = line.ask("status", fds=[spare.fileno()], more=1)
        assert (answer, fds) == ({"pid": os.getpid(), "endpoint": "svc"}, [])
        assert served.asked == [{"do": "status", "more": 1}]
        _, fds = line.ask("pipe")
        assert os.read(fds[0], 1) == b""
        os.close(fds[0])
        with pytest.raises(OSError, match="cannot do 'dance' now"):
            line.ask("dance")
        assert not line.gone()


def test_a_service_that_hangs_up_is_noticed(tmp_path):
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.bind(str(tmp_path / "c.sock"))
    listening.listen(1)
    with listening, Control(tmp_path / "c.sock") as line:
        listening.accept()[0].close()
        assert line.gone()
        with pytest.raises(OSError, match=r"gone|Broken pipe"):
            line.ask("status")
    with pytest.raises(OSError, match="refused"):
        Control(tmp_path / "c.sock")
    assert ServiceProcess.adopt(tmp_path / "c.sock", tmp_path / "log") is None


def test_what_is_adopted_is_no_child(served, tmp_path):
    process, status = ServiceProcess.adopt(served.path, tmp_path / "log")
    assert (process.pid, status["endpoint"], process.alive()) == (os.getpid(), "svc", True)
    assert "earlier deployer" in process.ending()
    said = pytest.raises(DeploymentError, match=r"could not take over.*cannot do 'listen' now")
    with socket.socket() as public, said:
        process.listen(public)
    process.leave()


def test_an_address_that_is_taken_is_said(tmp_path):
    with open_public_socket("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(DeploymentError, match=f"127.0.0.1:{port} cannot be used"):
            open_public_socket("127.0.0.1", port)


def test_the_end_of_a_log(tmp_path):
    log = tmp_path / "log"
    assert tail(log, 3) == ()
    log.write_text("one\n\ntwo https://me:pw@host/\n")
    assert tail(log, 1) == ("two https://***@host/",)
    assert len(tail(log, 10)) == 2
