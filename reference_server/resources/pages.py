"""The small HTML pages the server writes itself: errors, redirects, listings and the time share one frame."""

from __future__ import annotations

import html

from reference_server.http1.encode import REASONS
from reference_server.http1.messages import Fields, Refusal, Response

HTML = b"text/html; charset=utf-8"


def html_page(title: str, content: str) -> bytes:
    """`content` is HTML already, `title` is not."""
    name = html.escape(title)
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{name}</title></head>\n'
        f"<body>\n<h1>{name}</h1>\n{content}\n</body>\n</html>\n"
    ).encode()


def html_response(status: int, body: bytes, fields: Fields | None = None) -> Response:
    return Response(status, [*(fields or []), (b"Content-Type", HTML)], body)


def reason_of(status: int) -> str:
    return REASONS.get(status, b"Error").decode("ascii")


def error_response(refusal: Refusal) -> Response:
    """An error and what caused it, in words (RFC 9110 15.5, 15.6 ask for an explanation)."""
    title = f"{refusal.status} {reason_of(refusal.status)}"
    page = html_page(title, f"<p>{html.escape(refusal.explanation)}</p>")
    response = html_response(refusal.status, page, refusal.fields)
    response.basis = refusal.basis
    return response


def redirect_response(status: int, location: bytes) -> Response:
    """The page repeats the address as a link for people whose client stops here (RFC 9110 15.4)."""
    return pointer(status, location, "It is at")


def created_response(location: bytes) -> Response:
    """What was made and where it is (RFC 9110 15.3.2)."""
    return pointer(201, location, "There is now something at")


def pointer(status: int, location: bytes, words: str) -> Response:
    shown = html.escape(location.decode("ascii", "replace"))
    page = html_page(f"{status} {reason_of(status)}", f'<p>{words} <a href="{shown}">{shown}</a>.</p>')
    return html_response(status, page, [(b"Location", location)])
