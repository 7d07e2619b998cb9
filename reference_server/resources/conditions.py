"""From the judgement on a request's preconditions to a reply (RFC 9110 13.2, 15.4.5, 15.5.13)."""

from __future__ import annotations

from typing import assert_never

from reference_server.http1.messages import Fields, Refusal, Request, Response
from reference_server.resources import pages
from reference_server.semantics import conditional, dates
from reference_server.semantics.conditional import Precondition, Validators

# What a 304 has in common with the 200, apart from Date (RFC 9110 15.4.5).
KEPT_BY_304 = frozenset((b"Cache-Control", b"Content-Location", b"ETag", b"Expires", b"Vary"))


def evaluated(request: Request, current: Validators | None, now: int, fields: Fields) -> Response | None:
    """The reply that the preconditions ask for; None to go on with the method.

    `current` is None where nothing is there yet (what a PUT may create); `fields` are the 200's.
    """
    outcome = conditional.evaluate_preconditions(request, current, now)
    match outcome:
        case Precondition.SEND:
            return None
        case Precondition.NOT_MODIFIED:
            return Response(304, fields_of_304(fields), None)
        case Precondition.PRECONDITION_FAILED:
            explanation = "The resource is not in the state that the request demands."
            return pages.error_response(Refusal(412, explanation, vary_fields(fields)))
        case _:
            assert_never(outcome)


def fields_of_304(fields: Fields) -> Fields:
    """Without a tag the date is all that lets a cache tell what was not modified."""
    kept = [pair for pair in fields if pair[0] in KEPT_BY_304]
    if any(name == b"ETag" for name, _ in kept):
        return kept
    return kept + [pair for pair in fields if pair[0] == b"Last-Modified"]


def vary_fields(fields: Fields) -> Fields:
    """Which reply a request gets may depend on the choice of the representation, whatever the reply."""
    return [pair for pair in fields if pair[0] == b"Vary"]


def validator_fields(current: Validators) -> Fields:
    """What tells this state of the representation from others."""
    fields: Fields = []
    if current.etag is not None:
        fields.append((b"ETag", current.etag))
    if current.last_modified is not None:
        fields.append((b"Last-Modified", dates.format_http_date(current.last_modified)))
    return fields
