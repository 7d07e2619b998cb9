"""One page in several files, of which the client's preferences choose one (RFC 9110 12.1, 12.5).

If there is no `page`, a request for it is answered from files whose names go on after it with nothing but a media
type, a language or a charset (see `semantics.media_types.describe`):

    /page            page.html, page.txt, page.de.html, page.html.en, page.html.de.latin1
    /page.html       page.html.en, page.html.de
    /                index.html.en, index.html.de

A single file needs no choice and is sent to everybody.  Among several, an alternative is out if Accept does not cover
its type, as a client that names types can use no others; but somebody who reads another language is better off with
some page than with an error, so language and charset rule an alternative out only by an explicit weight of zero.  If
all are out: 406, with links to them (12.4.1, 15.5.7).

Symbolic links, programs and hidden files are never chosen.  Each file stays a resource of its own, to which
Content-Location points.  Its content coding is chosen afterwards, as for any file (see `codings`).
"""

from __future__ import annotations

import hashlib
import html
import os
import stat
from typing import NamedTuple

from reference_server.http1.messages import Refusal, Request, Response
from reference_server.resources import cgi, pages, paths, static
from reference_server.resources.basis import FileState, is_settled, signature_of
from reference_server.resources.paths import Resolved
from reference_server.resources.site import Site
from reference_server.semantics import media_types, negotiation, targets
from reference_server.semantics.media_types import Description
from reference_server.semantics.negotiation import FULL, UNMENTIONED

PREFERRED_TYPES = {media_type: rank for rank, media_type in enumerate(dict.fromkeys(media_types.BY_SUFFIX.values()))}


class Variant(NamedTuple):
    name: bytes
    told: Description


class Dimensions(NamedTuple):
    """In what the alternatives differ; only that can be chosen by."""

    types: bool
    languages: bool
    charsets: bool

    def vary(self) -> tuple[bytes, ...]:
        names = (b"Accept", b"Accept-Language", b"Accept-Charset")
        return tuple(name for name, differs in zip(names, self, strict=True) if differs)


def respond(site: Site, request: Request, folder: Resolved, segments: list[bytes]) -> Response | None:
    """The reply for a path at whose folder no file has the last segment's name; None if there is no alternative."""
    variants = variants_in(site, folder, segments[-1])
    if not variants:
        return None
    differing = dimensions_of(variants)
    chosen = choose(request, variants, differing, site.settings.languages)
    if chosen is None:
        return not_acceptable(variants, differing, segments)
    location = targets.encode_target_path([*segments[:-1], chosen.name])
    tag = hashlib.blake2b(chosen.name, digest_size=4).hexdigest().encode("ascii")
    choice = static.Choice(states_of(site, folder, segments), location, differing.vary(), tag)
    try:
        with paths.resolve_in_root(site.root, site.root_fd, [*folder.names, chosen.name], links=False) as file:
            return static.file_response(site, request, file, choice)
    except Refusal as refusal:
        # No coding of it is acceptable, which another variant need not share.
        refusal.fields = static.vary_with(refusal.fields, choice)
        raise


def variants_in(site: Site, folder: Resolved, wanted: bytes) -> list[Variant]:
    """In the order of their names."""
    variants: list[Variant] = []
    if not site.settings.negotiate or not wanted or cgi.is_program_name(wanted):
        return variants
    prefix = wanted + b"."
    for name in site.cache.folders.starting_with(folder.names, folder.fd, folder.status, prefix, site.clock()):
        if says_nothing_else(name[len(prefix) :]) and not cgi.is_program_name(name):
            told = media_types.describe(name)
            if told.media_type != media_types.UNKNOWN and is_regular(folder, name):
                variants.append(Variant(name, told))
    return variants


def says_nothing_else(endings: bytes) -> bool:
    """Whether every ending is a type, a language or a charset.  What is compressed is left to `codings`."""
    return all(media_types.is_ending(word) and word != b"gz" for word in endings.lower().split(b"."))


def is_regular(folder: Resolved, name: bytes) -> bool:
    try:
        return stat.S_ISREG(os.lstat(name, dir_fd=folder.fd).st_mode)
    except OSError:
        return False


def dimensions_of(variants: list[Variant]) -> Dimensions:
    told = [variant.told for variant in variants]
    return Dimensions(
        len({one.media_type for one in told}) > 1,
        len({one.language for one in told}) > 1,
        len({one.charset for one in told}) > 1,
    )


def choose(request: Request, variants: list[Variant], by: Dimensions, languages: tuple[str, ...]) -> Variant | None:
    """The acceptable alternative with the greatest product of weights; where that leaves a choice, ours."""
    best: tuple[tuple[int, ...], Variant] | None = None
    for variant in variants:
        weights = weights_of(request, variant.told, by)
        if 0 in weights:
            continue
        product = 1
        for weight in weights:
            product *= 1 if weight == UNMENTIONED else weight
        rank = (
            -weights.count(UNMENTIONED),
            product,
            -rank_of_language(variant.told.language, languages),
            -PREFERRED_TYPES.get(variant.told.media_type, len(PREFERRED_TYPES)),
            -len(variant.told.language or b""),
        )
        if best is None or rank > best[0]:
            best = rank, variant
    return None if best is None else best[1]


def weights_of(request: Request, told: Description, by: Dimensions) -> list[int]:
    """One for each dimension; 0 rules the alternative out, and `UNMENTIONED` makes it a last resort."""
    weights = []
    if by.types:
        # As the reply will say: text of no known charset is as good as always UTF-8 (see `facts.full_type`).
        charset = b"utf-8" if told.charset is None and media_types.is_text(told.media_type) else told.charset
        parameters = frozenset() if charset is None else frozenset([(b"charset", charset)])
        weights.append(max(negotiation.weight_of_type(request.field(b"accept"), told.media_type, parameters), 0))
    if by.languages:
        accept = request.field(b"accept-language")
        weights.append(
            unsaid(accept) if told.language is None else negotiation.weight_of_language(accept, told.language)
        )
    if by.charsets:
        accept = request.field(b"accept-charset")
        weights.append(unsaid(accept) if told.charset is None else negotiation.weight_of_charset(accept, told.charset))
    return weights


def unsaid(accept: bytes | None) -> int:
    """A file that names no language may be in any: behind those asked for, before those not asked for."""
    return FULL if accept is None else 1


def rank_of_language(language: bytes | None, languages: tuple[str, ...]) -> int:
    """The place in the site's own order of preference."""
    tag = b"" if language is None else language.lower()
    for rank, preferred in enumerate(languages):
        wanted = preferred.lower().encode("ascii")
        if tag == wanted or tag.startswith(wanted + b"-"):
            return rank
    return len(languages)


def not_acceptable(variants: list[Variant], differing: Dimensions, segments: list[bytes]) -> Response:
    """Links, for whoever wants one of them all the same."""
    rows = []
    for variant in variants:
        link = targets.encode_target_path([*segments[:-1], variant.name]).decode("ascii")
        about = [variant.told.media_type, variant.told.language or b"", variant.told.charset or b""]
        words = " ".join([word.decode("latin-1") for word in about if word])
        rows.append(f'<li><a href="{link}">{html.escape(variant.name.decode("utf-8", "replace"))}</a> {words}</li>')
    explanation = "<p>None of these is what the request accepts:</p>\n<ul>\n" + "\n".join(rows) + "\n</ul>"
    page = pages.html_page("406 Not Acceptable", explanation)
    return pages.html_response(406, page, [(b"Vary", b", ".join(differing.vary()))])


def states_of(site: Site, folder: Resolved, segments: list[bytes]) -> tuple[FileState, ...] | None:
    """The folder's state, as a file more or less would change the choice; None if it is found through a link."""
    if tuple(segments[:-1]) != folder.names or not is_settled(folder.status, site.clock()):
        return None
    return (FileState(site.root_fd, b"/".join(folder.names) or b".", signature_of(folder.status)),)
