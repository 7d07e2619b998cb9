"""Being asked to end (SIGTERM), as by ``timeout`` or a queue of jobs: the same as an interrupt from the keyboard.

Otherwise Python would be gone at once: the server that the suite started would live on, and the report be lost.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def as_interrupt() -> Iterator[None]:
    """Raise KeyboardInterrupt when the process is asked to end, unless somebody else sees to that."""
    before = signal.getsignal(signal.SIGTERM)
    ours = threading.current_thread() is threading.main_thread()
    if not ours or before not in (signal.SIG_DFL, _interrupt, _tidying_up):
        yield
        return
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(_: int, __: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, _tidying_up)
    raise KeyboardInterrupt


def _tidying_up(_: int, __: FrameType | None) -> None:
    """Who asks twice must not keep us from it. Processes that we start are not deaf, as they would be of SIG_IGN."""
