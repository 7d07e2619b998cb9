"""From the judgement on a request's preconditions to a reply (RFC 9110 13.2, 15.4.5, 15.5.13)."""

from __future__ import annotations

from typing import assert_never

from reference_server.http1.messages import Fields, Refusal, Request, Response
from reference_server.resources.pages import error_response
from reference_server.semantics import conditional, dates
from reference_server.semantics.conditional import Precondition, Validators


def evaluated(request: Request, current: Validators, now: int) -> Response | None:
    """The reply that the preconditions ask for; None to go on with the method."""
    outcome = conditional.evaluate_preconditions(request, current, now)
    match outcome:
        case Precondition.SEND:
            return None
        case Precondition.NOT_MODIFIED:
            return Response(304, validator_fields(current), None)
        case Precondition.PRECONDITION_FAILED:
            return error_response(Refusal(412, "The resource is not in the state that the request demands."))
        case _:
            assert_never(outcome)


def validator_fields(current: Validators) -> Fields:
    """The fields that a 304 has in common with the 200."""
    fields: Fields = []
    if current.etag is not None:
        fields.append((b"ETag", current.etag))
    if current.last_modified is not None:
        fields.append((b"Last-Modified", dates.format_http_date(current.last_modified)))
    return fields
