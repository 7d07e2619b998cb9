"""Conditional requests: what the client's preconditions make of a reply that would otherwise be 2xx (RFC 9110 13).

Asked only for methods that select a representation, and only after it is known that the plain answer is a
success.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from reference_server.http1.messages import Request
from reference_server.semantics import dates, etags
from reference_server.semantics.etags import Wildcard


class Precondition(Enum):
    SEND = "perform the method"
    NOT_MODIFIED = "304"
    PRECONDITION_FAILED = "412"


class Validators(NamedTuple):
    """What identifies the current state of the selected representation; each may be lacking."""

    etag: bytes | None = None
    last_modified: int | None = None


NOTHING = Validators()


def evaluate_preconditions(request: Request, current: Validators | None, now: int) -> Precondition:
    """The order of RFC 9110 13.2.2: a tag, where one is given, silences the date of the same direction.

    `current` is None where there is no representation; one without validators is another matter.
    """
    if request.field(b"if-match") is not None:
        if not if_match_holds(request, current):
            return Precondition.PRECONDITION_FAILED
    elif not if_unmodified_since_holds(request, current or NOTHING, now):
        return Precondition.PRECONDITION_FAILED
    safe = request.method in ("GET", "HEAD")
    if request.field(b"if-none-match") is not None:
        if not if_none_match_holds(request, current):
            return Precondition.NOT_MODIFIED if safe else Precondition.PRECONDITION_FAILED
    elif safe and not if_modified_since_holds(request, current or NOTHING, now):
        return Precondition.NOT_MODIFIED
    return Precondition.SEND


def if_match_holds(request: Request, current: Validators | None) -> bool:
    """True if a listed tag is the current one, compared strongly; `*` is any (RFC 9110 13.1.1)."""
    listed = etags.parse_tag_list(request.field(b"if-match") or b"")
    if current is None:
        return False
    if listed is Wildcard.ANY:
        return True
    if listed is None or current.etag is None:
        return False
    return any(etags.strong_match(tag, current.etag) for tag in listed)


def if_none_match_holds(request: Request, current: Validators | None) -> bool:
    """True if no listed tag is the current one, compared weakly; `*` is any (RFC 9110 13.1.2)."""
    listed = etags.parse_tag_list(request.field(b"if-none-match") or b"")
    if current is None:
        return True
    if listed is Wildcard.ANY:
        return False
    if listed is None or current.etag is None:
        return True
    return not any(etags.weak_match(tag, current.etag) for tag in listed)


def if_modified_since_holds(request: Request, current: Validators, now: int) -> bool:
    """True if modified after the date; what is no date is no condition (RFC 9110 13.1.3).

    Deviation: a date in the future is ignored, as RFC 2616 14.25 has it, where RFC 9110 13.1.3 would rather have the
    304; a client whose clock is ahead is better off with the page.
    """
    since = single_date(request, b"if-modified-since", now)
    if since is None or current.last_modified is None or since > now:
        return True
    return current.last_modified > since


def if_unmodified_since_holds(request: Request, current: Validators, now: int) -> bool:
    """True if not modified after the date (RFC 9110 13.1.4)."""
    since = single_date(request, b"if-unmodified-since", now)
    if since is None or current.last_modified is None:
        return True
    return current.last_modified <= since


def single_date(request: Request, name: bytes, now: int) -> int | None:
    value = request.field(name)
    return None if value is None else dates.parse_http_date(value, now)
