"""The checks, one module per area in the order of the RFCs. A new area: add its module's name to ``AREAS``."""

from __future__ import annotations

from importlib import import_module

from conformance.check import CATALOGUE, Check

AREAS = (
    "message",
    "status_line",
    "version_in_replies",
    "request_version",
    "request_line",
    "request_targets",
    "host",
    "request_reading",
    "bad_requests",
    "request_fields",
    "methods",
    "allow",
    "framing",
    "content_length",
    "transfer_coding",
    "chunked",
    "request_end",
    "head",
    "persistence",
    "close_option",
    "field_lines",
    "field_space",
    "field_lists",
    "dates",
    "clock",
    "server_info",
    "media_types",
    "content",
    "charsets",
    "codings",
    "cache_control",
    "response_fields",
    "status_unasked",
    "percent_encoding",
    "query",
    "representation",
    "not_found",
    "redirects",
    "listing",
    "path_safety",
    "programs",
    "cgi_request",
    "cgi_paths",
    "cgi_connection",
    "cgi_fields",
    "cgi_output",
    "cgi_redirects",
    "cgi_errors",
    "robustness",
    "negotiation",
    "charsets_languages",
    "accepted_codings",
    "conditional",
    "conditional_dates",
    "ranges",
    "cache_directives",
)


def load() -> dict[str, Check]:
    """All checks by the id of their rule, in catalogue order."""
    for area in AREAS:
        import_module(f"{__name__}.{area}")
    return CATALOGUE
