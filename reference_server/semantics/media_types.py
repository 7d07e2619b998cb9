"""Media types by the ending of a file's name (RFC 9110 8.3), from the names registered with IANA.

A table of our own: the operating system's would make replies differ between machines.  `charset` is added
to text only if the octets really are UTF-8; otherwise nothing is claimed.

A name may say more after the type or before it, in any order (`page.html.de`, `page.de.html`, `page.html.de.latin1`): a
natural language and a charset.  What says more about a file of no known type is taken for a part of its name.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NamedTuple

UNKNOWN = b"application/octet-stream"

BY_SUFFIX: dict[bytes, bytes] = {
    b"html": b"text/html", b"htm": b"text/html", b"txt": b"text/plain", b"text": b"text/plain",
    b"log": b"text/plain", b"css": b"text/css", b"csv": b"text/csv", b"md": b"text/markdown",
    b"ics": b"text/calendar", b"vcf": b"text/vcard", b"js": b"text/javascript", b"mjs": b"text/javascript",
    b"xml": b"application/xml", b"xhtml": b"application/xhtml+xml", b"atom": b"application/atom+xml",
    b"json": b"application/json", b"jsonld": b"application/ld+json", b"map": b"application/json",
    b"webmanifest": b"application/manifest+json", b"pdf": b"application/pdf", b"zip": b"application/zip",
    b"gz": b"application/gzip", b"tgz": b"application/gzip", b"tar": b"application/x-tar",
    b"epub": b"application/epub+zip", b"rtf": b"application/rtf", b"wasm": b"application/wasm",
    b"png": b"image/png", b"jpg": b"image/jpeg", b"jpeg": b"image/jpeg", b"jpe": b"image/jpeg",
    b"gif": b"image/gif", b"svg": b"image/svg+xml", b"webp": b"image/webp", b"avif": b"image/avif",
    b"bmp": b"image/bmp", b"tif": b"image/tiff", b"tiff": b"image/tiff", b"ico": b"image/vnd.microsoft.icon",
    b"mp3": b"audio/mpeg", b"ogg": b"audio/ogg", b"oga": b"audio/ogg", b"opus": b"audio/ogg",
    b"flac": b"audio/flac", b"m4a": b"audio/mp4", b"wav": b"audio/vnd.wave", b"mp4": b"video/mp4",
    b"mpeg": b"video/mpeg", b"mpg": b"video/mpeg", b"webm": b"video/webm", b"ogv": b"video/ogg",
    b"woff": b"font/woff", b"woff2": b"font/woff2", b"ttf": b"font/ttf", b"otf": b"font/otf",
}  # fmt: skip


CHARSETS: dict[bytes, bytes] = {
    b"utf8": b"utf-8", b"utf-8": b"utf-8", b"latin1": b"iso-8859-1", b"iso8859-1": b"iso-8859-1",
    b"iso-8859-1": b"iso-8859-1",
}  # fmt: skip

COMPRESSIBLE = frozenset({
    b"application/xml", b"application/xhtml+xml", b"application/atom+xml", b"application/json", b"application/ld+json",
    b"application/manifest+json", b"image/svg+xml",
})  # fmt: skip

# The languages with a code of two letters, as far as it is not also the ending of some type.
ISO_639 = frozenset(
    b"aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en eo"
    b" es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv"
    b" ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd"
    b" ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr"
    b" ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu".split()
)
_TAG = re.compile(rb"[a-z]{1,8}(?:-[a-z0-9]{1,8})*")


def choose_media_type(name: bytes) -> bytes:
    """By the last dot; a name that only begins with a dot has no ending.  Case does not matter."""
    stem, dot, suffix = name.rpartition(b".")
    if not dot or not stem:
        return UNKNOWN
    return BY_SUFFIX.get(suffix.lower(), UNKNOWN)


class Description(NamedTuple):
    """What a name says of the file; None where it says nothing."""

    media_type: bytes
    language: bytes | None = None
    charset: bytes | None = None


def describe(name: bytes, languages: Collection[bytes] = ISO_639) -> Description:
    """Read the endings from the last one on, up to one that says nothing; `languages` are the tags to recognise."""
    typed = language = charset = None
    rest = name
    while True:
        stem, dot, ending = rest.rpartition(b".")
        word = ending.lower()
        if not dot or not stem:
            break
        if typed is None and word in BY_SUFFIX:
            typed = rest
        elif charset is None and word in CHARSETS:
            charset = CHARSETS[word]
        elif language is None and is_language(word, languages):
            language = ending
        else:
            break
        rest = stem
    if typed is None:
        return Description(choose_media_type(name))
    return Description(choose_media_type(typed), language, charset)


def is_ending(word: bytes) -> bool:
    """Whether an ending (in lower case) says anything."""
    return word in BY_SUFFIX or word in CHARSETS or is_language(word, ISO_639)


def is_language(word: bytes, languages: Collection[bytes]) -> bool:
    """A tag of the list, or one that begins with it (`de-AT`); short words that are not listed mean something else."""
    if word in BY_SUFFIX or not _TAG.fullmatch(word):
        return False
    return word in languages or word.partition(b"-")[0] in languages


def is_compressible(media_type: bytes) -> bool:
    """Types whose octets repeat themselves; most others are compressed already."""
    return media_type.startswith(b"text/") or media_type.partition(b";")[0] in COMPRESSIBLE


def is_text(media_type: bytes) -> bool:
    return media_type.startswith(b"text/")


def with_charset(media_type: bytes, charset: bytes = b"utf-8") -> bytes:
    """Said only of octets that were found to be UTF-8, or whose name says it."""
    return media_type + b"; charset=" + charset
