"""Errors that end a run before or beside any verdict, each with the exit code that tells them apart.

A broken rule is never an exception, and a fault of a check is the verdict *error*: neither belongs here.
"""

from __future__ import annotations

from typing import ClassVar


class ConformanceError(Exception):
    """Something keeps the run from happening; the message says in one line what to do about it."""

    exit_code: ClassVar[int] = 2


class UsageError(ConformanceError):
    """What was asked for cannot be done: a bad option, no such folder, nothing selected, a damaged file."""

    exit_code = 2


class UnreachableError(ConformanceError):
    """There is no server to judge: nobody listens, or the server could not be started."""

    exit_code = 3
