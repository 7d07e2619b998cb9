"""The checks, one module per area, in chapters that follow the RFCs. A new area: add its module to its chapter."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from conformance.check import CATALOGUE, Check

CHAPTERS: Mapping[str, tuple[str, ...]] = {
    "Messages (RFC 9112 §2 to §5, RFC 9110 §5 and §6)": (
        "message",
        "status_line",
        "version_in_replies",
        "request_version",
        "request_line",
        "bad_requests",
        "request_reading",
        "request_fields",
        "request_lists",
        "malformed_fields",
        "hidden_fields",
        "field_lines",
        "field_space",
        "field_lists",
        "reply_values",
        "limits",
    ),
    "Targets, hosts and URIs (RFC 9110 §4 and §7, RFC 9112 §3, RFC 3986)": (
        "request_targets",
        "absolute_targets",
        "host",
        "virtual_hosts",
        "percent_encoding",
        "decoding_order",
        "query",
    ),
    "Framing (RFC 9112 §6 and §7)": (
        "framing",
        "content_length",
        "transfer_coding",
        "framed_replies",
        "chunked",
        "trailers",
        "request_end",
        "request_lengths",
        "chunked_requests",
        "chunk_faults",
        "ambiguous_framing",
        "unknown_codings",
    ),
    "Connections (RFC 9112 §9, RFC 9110 §7.6 and §7.8)": (
        "persistence",
        "close_option",
        "connection_fields",
        "pipelining",
        "upgrade",
        "upgrade_fields",
    ),
    "Representations (RFC 9110 §8)": (
        "representation",
        "media_types",
        "content",
        "charsets",
        "codings",
        "content_codings",
        "response_fields",
        "validators",
    ),
    "Methods (RFC 9110 §9)": (
        "methods",
        "safe_methods",
        "head",
        "post",
        "put",
        "put_fields",
        "put_ranges",
        "delete",
        "connect",
        "options",
        "trace",
    ),
    "Context (RFC 9110 §10, §5.6.7 and §6.6)": (
        "expect",
        "expect_http10",
        "allow",
        "server_info",
        "dates",
        "clock",
    ),
    "Authentication (RFC 9110 §11)": (
        "authentication",
        "credentials",
    ),
    "Negotiation (RFC 9110 §12)": (
        "negotiation",
        "charsets_languages",
        "variants",
        "accepted_codings",
        "coding_choice",
        "vary",
        "server_preferences",
    ),
    "Conditional requests (RFC 9110 §13)": (
        "conditional",
        "conditional_tags",
        "conditional_dates",
        "received_dates",
        "conditional_order",
        "not_modified",
        "conditional_writes",
        "conditional_ranges",
    ),
    "Ranges (RFC 9110 §14)": (
        "ranges",
        "content_range",
        "partial_replies",
        "partial_fields",
        "range_positions",
        "unsatisfiable_ranges",
        "range_sets",
        "multipart_ranges",
        "multiparts",
    ),
    "Status codes (RFC 9110 §15)": (
        "status_unasked",
        "status_bodies",
        "writing_replies",
        "redirects",
        "redirect_addresses",
        "not_found",
        "listing",
    ),
    "Caching (RFC 9111, RFC 2616 §13 and §14)": (
        "cache_control",
        "cache_fields",
        "cache_directives",
    ),
    "Safety (RFC 9110 §17)": (
        "path_safety",
        "security",
        "robustness",
    ),
    "Programs (RFC 3875)": (
        "programs",
        "program_safety",
        "program_input",
        "cgi_request",
        "cgi_paths",
        "cgi_translated",
        "cgi_connection",
        "cgi_access",
        "cgi_bodies",
        "cgi_fields",
        "cgi_field_names",
        "cgi_surroundings",
        "cgi_nph",
        "cgi_output",
        "cgi_framing",
        "cgi_line_ends",
        "cgi_documents",
        "cgi_redirects",
        "cgi_errors",
    ),
}
AREAS = tuple(area for areas in CHAPTERS.values() for area in areas)


def load() -> dict[str, Check]:
    """All checks by the id of their rule, in catalogue order."""
    for area in AREAS:
        import_module(f"{__name__}.{area}")
    # Some areas take words from later ones, which are imported with them: the book's order is made here.
    place = {area: number for number, area in enumerate(AREAS)}
    ordered = sorted(CATALOGUE.items(), key=lambda item: place.get(_area(item[1]), len(place)))
    CATALOGUE.clear()
    CATALOGUE.update(ordered)
    return CATALOGUE


def chapters() -> dict[str, list[Check]]:
    """All checks, by the title of their chapter."""
    told = {area: title for title, areas in CHAPTERS.items() for area in areas}
    found: dict[str, list[Check]] = {title: [] for title in CHAPTERS}
    for check in load().values():
        found[told[_area(check)]].append(check)
    return found


def _area(check: Check) -> str:
    return check.judge.__module__.rpartition(".")[2]
