"""The supervisor's signals as words that arrive on a socket: no handler does anything, so nothing is interrupted."""

from __future__ import annotations

import os
import signal
import socket
from enum import Enum
from types import FrameType
from typing import Self


class Order(Enum):
    """What somebody outside wants."""

    STOP = "stop"
    RELOAD = "reload"


ORDERS = {
    signal.SIGTERM: Order.STOP,
    signal.SIGINT: Order.STOP,
    signal.SIGHUP: Order.RELOAD,
    signal.SIGUSR1: Order.RELOAD,
}


class Signals:
    """A context manager; while it is open the signals of `ORDERS` make `inbox` readable and do nothing else."""

    def __init__(self) -> None:
        self.inbox, self._outlet = socket.socketpair()
        self.inbox.setblocking(False)
        self._outlet.setblocking(False)
        self._hangs_up = has_terminal() and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN

    def __enter__(self) -> Self:
        self._wakeup_before = signal.set_wakeup_fd(self._outlet.fileno())
        self._before = {number: signal.signal(number, do_nothing) for number in ORDERS}
        return self

    def __exit__(self, *exc: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup_before)
        self.close()

    def take(self) -> list[Order]:
        """What has arrived since the last call, in order."""
        try:
            numbers = self.inbox.recv(4096)
        except BlockingIOError:
            return []
        return [self._order(signal.Signals(number)) for number in numbers if number in ORDERS]

    def _order(self, number: signal.Signals) -> Order:
        """A terminal that is closed says SIGHUP too: who started the server there wants it to end, unless by nohup."""
        if number == signal.SIGHUP and self._hangs_up and not has_terminal():
            return Order.STOP
        return ORDERS[number]

    def close(self) -> None:
        """Alone in a child, which has handlers of its own by then."""
        self.inbox.close()
        self._outlet.close()


def do_nothing(_number: int, _frame: FrameType | None) -> None:
    """The wake-up descriptor has told already."""


def has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC))
    except OSError:
        return False
    return True
