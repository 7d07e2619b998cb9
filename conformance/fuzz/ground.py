"""The ground: what the examples can be made of, found out by plain requests before anything odd is sent."""

from __future__ import annotations

from collections.abc import Mapping

from conformance.evidence import Evidence
from conformance.exemplars import echo
from conformance.fuzz.example import Ground

BODY = b"hello"
PAGES = 4


def survey(evidence: Evidence, capabilities: Mapping[str, str]) -> Ground | None:
    """What is served at ``evidence``'s target; None if no plain page is. Raises NoEvidence if it is gone.

    ``capabilities`` maps each name to the reason why it is absent, "" where it is there.
    """
    site = evidence.site
    pages = [site.document, *(site.page(kind, lambda page: page.plain) for kind in ("text", "html", "png"))]
    targets = dict.fromkeys([page.target for page in pages if page] + ["/"])
    answered = [target for target in targets if evidence.get(target).status == 200]
    if not answered:
        return None
    return Ground(
        site.authority.encode("latin-1"),
        tuple(target.encode("latin-1") for target in answered[:PAGES]),
        _taker(evidence, answered[0]),
        frozenset(name for name, absent in capabilities.items() if not absent),
        tuple(_validators(evidence, target) for target in answered[:PAGES]),
    )


def _validators(evidence: Evidence, target: str) -> tuple[bytes, bytes, bytes]:
    response = evidence.get(target).response
    tag, date = (response.value(name) if response else None for name in ("etag", "last-modified"))
    return target.encode("latin-1"), (tag or "").encode("latin-1"), (date or "").encode("latin-1")


def _taker(evidence: Evidence, page: str) -> tuple[bytes, bytes]:
    """A method and a target that take a body and read it: a page if one does, since programs are slow.

    At worst it is one that refuses the body.
    """
    length = [("Content-Length", str(len(BODY)))]
    behind = evidence.request(page)
    for method, target in (("GET", page), ("POST", page), ("POST", echo(evidence) or page)):
        both = evidence.pipeline(
            evidence.request(target, length, method=method, body=BODY), behind, methods=(method, "GET")
        )
        first, *others = both.responses or (None,)
        if first is not None and first.ok and all(response.ok for response in others):
            return method.encode(), target.encode("latin-1")
    return b"POST", page.encode("latin-1")
