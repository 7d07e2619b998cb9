"""Files of users: one `name:password` a line; empty lines, and lines that begin with `#`, do not count.

Passwords stand there as they are typed: both Basic and Digest are checked against them, so the
file's permissions have to protect it.
"""

from __future__ import annotations

from reference_server.settings.kinds import wrong_user

Users = tuple[tuple[str, str], ...]
Faults = list[tuple[int, str]]


def read_users(octets: bytes) -> tuple[Users, Faults]:
    """The users, and what is wrong on which line.  No message holds a password."""
    users: dict[str, str] = {}
    faults: Faults = []
    for number, line in enumerate(octets.splitlines(), 1):
        if not line.strip() or line.startswith(b"#"):
            continue
        name, password, wrong = read_user(line)
        if wrong is None and name in users:
            wrong = f"the name {name} has a line already"
        if wrong is not None:
            faults.append((number, wrong))
        else:
            users[name] = password
    if not users and not faults:
        faults.append((1, "must hold at least one line name:password"))
    return tuple(users.items()), faults


def read_user(line: bytes) -> tuple[str, str, str | None]:
    try:
        name, colon, password = line.decode("utf-8").partition(":")
    except UnicodeDecodeError:
        return "", "", "must be UTF-8"
    return name, password, wrong_user(name, password) if colon else "must be name:password"
