"""What the course asks for, step by step, beyond the RFCs, and how it is seen."""

from __future__ import annotations

import re
from collections.abc import Callable

from conformance.capabilities import files_offered, listing_offered, programs_offered
from conformance.evidence import Evidence
from conformance.exemplars import follow
from conformance.site import MEDIA_TYPES, MISSING


def _text_listing(evidence: Evidence) -> str:
    folder = evidence.site.folder
    if folder is None:
        return "the document root has no folder to list"
    for target in (f"/{folder}", f"/{folder}/"):
        response = follow(evidence, target).response
        names = [name.encode() for name in evidence.site.entries(folder)]
        if response is not None and response.ok and all(name in response.body for name in names):
            return ""
    return f"GET /{folder} does not list the names in that folder"


def _the_time(evidence: Evidence) -> str:
    response = evidence.get("/the_time").response
    other = evidence.get(MISSING).response
    if response is None or not response.ok or not re.search(rb"\d{1,2}:\d\d", response.body):
        return "GET /the_time gives no page with the time"
    return "GET /the_time gives what a missing page gives" if other and other.body == response.body else ""


def _missing(evidence: Evidence) -> str:
    status = evidence.get(MISSING).status
    return "" if status == 404 else "a file that is not there does not get 404"


def _reads_method(evidence: Evidence) -> str:
    exchange = evidence.get("/", method="BREW")
    return "" if exchange.status is not None and exchange.status >= 400 else "an invented method is not refused"


def _media_types(evidence: Evidence) -> str:
    for kind, wanted in MEDIA_TYPES.items():
        page = evidence.site.page(kind, lambda p: p.plain)
        if page is not None:
            response = evidence.get(page.target).response
            sent = (response.value("content-type") or "") if response else ""
            if sent.partition(";")[0].strip().lower() != wanted:
                return f"{page.target} is not sent as {wanted}"
    return ""


MILESTONES: dict[int, dict[str, Callable[[Evidence], str]]] = {
    2: {},
    3: {"a refusal of methods that it does not know": _reads_method},
    4: {
        "files from the folder": files_offered,
        "a listing of a folder": _text_listing,
        "404 for a missing file": _missing,
    },
    5: {"the media types of .html .txt .png .jpeg": _media_types},
    6: {"a folder listing as HTML with links": listing_offered, "a page with the time at /the_time": _the_time},
    7: {"*.py files that are run": programs_offered},
}
"""Course step to what the course asks for there beyond the RFCs, in words, and the test for it."""
