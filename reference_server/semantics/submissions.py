"""What the head of a PUT says about its content, and whether this server can keep it so (RFC 9110 9.3.4, 14.5).

A file's type is told by its name alone, so content that claims another type is refused with 415, rather than sent back
under a type that its author did not mean.  Where the name tells nothing, or the client says no more than that these are
octets, everything is taken.

Deviation: a Content- field that is unknown is ignored, as RFC 9110 9.3.4 wishes, not answered with 501 as RFC 2616 9.6
demanded.  Content-Range, Content-Encoding and Content-MD5 are known.

Deviation: the Content-Type of a file whose name tells no type is not kept, as RFC 2616 9.6 wishes it were: a type kept
beside the file would be lost whenever somebody moved the file.
"""

from __future__ import annotations

import base64
import hashlib

from reference_server.http1.framing import list_members
from reference_server.http1.messages import Refusal, Request
from reference_server.semantics import media_types


def check_content_fields(request: Request, name: bytes) -> None:
    """Refuse what cannot be stored as it is meant."""
    if request.field(b"content-range") is not None:
        raise Refusal(400, "Part of a file cannot be put (Content-Range): send all of it.")
    codings = list_members((request.field(b"content-encoding") or b"").lower())
    if any(coding and coding != b"identity" for coding in codings):
        raise Refusal(415, "Content is taken without content coding only.", [(b"Accept-Encoding", b"identity")])
    expected, given = media_types.choose_media_type(name), essence(request.field(b"content-type") or b"")
    if given and not agree(expected, given):
        explanation = f"By its name this is {expected.decode('ascii')}, but the content is said to be something else."
        raise Refusal(415, explanation, [(b"Accept", expected)])


def essence(content_type: bytes) -> bytes:
    return content_type.partition(b";")[0].strip(b" \t").lower()


def agree(expected: bytes, given: bytes) -> bool:
    """Some types have several names: application/x-javascript and text/javascript, text/xml and application/xml."""
    if media_types.UNKNOWN in (expected, given):
        return True
    return subtype(expected) == subtype(given)


def subtype(media_type: bytes) -> bytes:
    return media_type.partition(b"/")[2].removeprefix(b"x-")


def check_digest(request: Request) -> None:
    """Content-MD5, where a client still sends it, detects what was damaged on the way (RFC 2616 14.15)."""
    value = request.field(b"content-md5")
    if value is not None and value != base64.b64encode(hashlib.md5(request.body).digest()):
        raise Refusal(400, "The content does not have the digest that Content-MD5 says.")
