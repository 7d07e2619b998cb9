"""Media types by the ending of a file's name (RFC 9110 8.3), from the names registered with IANA.

A table of our own: the operating system's would make replies differ between machines.  `charset` is added
to text only if the octets really are UTF-8; otherwise nothing is claimed.
"""

from __future__ import annotations

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


def choose_media_type(name: bytes) -> bytes:
    """By the last dot; a name that only begins with a dot has no ending.  Case does not matter."""
    stem, dot, suffix = name.rpartition(b".")
    if not dot or not stem:
        return UNKNOWN
    return BY_SUFFIX.get(suffix.lower(), UNKNOWN)


def is_text(media_type: bytes) -> bool:
    return media_type.startswith(b"text/")


def with_charset(media_type: bytes) -> bytes:
    """Said only of octets that were found to be UTF-8."""
    return media_type + b"; charset=utf-8"
