"""Evidence: where checks get their exchanges from. Each distinct probe is played once, however many checks ask for it.

The player behind it is either a live target or a recorded run; a check cannot tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

from conformance.exchange import Ending, Exchange
from conformance.probe import Action, AwaitAny, AwaitEnd, Fields, Probe, Receive, Send, compose
from conformance.response import Response
from conformance.rule import Risk, Spec
from conformance.site import MISSING, Page, Site

Player: TypeAlias = Callable[[Probe], Exchange]
Answer: TypeAlias = tuple[Exchange, Response]

WRITTEN = b"What the suite has written here, for a moment.\n"


class NoEvidence(Exception):
    """The exchange cannot be had: the target is gone, or the recorded run does not hold it."""

    def __init__(self, reason: str, killer: Exchange | None = None) -> None:
        super().__init__(reason)
        self.killer = killer


class Evidence:
    """Exchanges on demand, remembered by probe; and the words in which checks ask for them."""

    def __init__(self, site: Site, player: Player, spec: Spec = Spec.BOTH) -> None:
        self.site = site
        self.spec = spec
        self.exchanges: dict[Probe, Exchange] = {}
        self.consulted: set[Probe] = set()
        self._player = player

    # -- playing ---------------------------------------------------------------------------------------------------

    def play(self, probe: Probe) -> Exchange:
        """The exchange of ``probe``, played now or before; raises NoEvidence if it cannot be had."""
        if probe not in self.exchanges:
            self.exchanges[probe] = self._player(probe)
        self.consulted.add(probe)
        return self.exchanges[probe]

    def get(
        self,
        target: str = "/",
        fields: Fields = (),
        *,
        method: str = "GET",
        version: str = "HTTP/1.1",
        host: str | None = "",
        body: bytes = b"",
        to_end: bool = False,
        risk: Risk | None = None,
    ) -> Exchange:
        """One request on a connection of its own.

        ``host`` is the Host value ("" for the target's own authority, None for no Host field). ``to_end`` reads until
        the server closes instead of until the response is whole. Without ``risk``, a plain GET or HEAD is ordinary and
        everything else unusual.
        """
        if risk is None:
            usual = method in ("GET", "HEAD") and not body and version == "HTTP/1.1" and host == "" and not fields
            risk = Risk.ORDINARY if usual else Risk.UNUSUAL
        data = self.request(target, fields, method=method, version=version, host=host, body=body)
        return self.play(Probe((Send(data), AwaitEnd() if to_end else Receive(1)), (method,), risk))

    def request(
        self,
        target: str = "/",
        fields: Fields = (),
        *,
        method: str = "GET",
        version: str = "HTTP/1.1",
        host: str | None = "",
        body: bytes = b"",
    ) -> bytes:
        """The octets of one request, with Host first; no other field than those given."""
        first = [] if host is None else [("Host", host or self.site.authority)]
        return compose(method, target, [*first, *fields], version=version, body=body)

    def raw(self, data: bytes, *, risk: Risk = Risk.MALFORMED, to_end: bool = False, count: int = 1) -> Exchange:
        """Octets as they are, on a connection of their own."""
        return self.play(Probe((Send(data), AwaitEnd() if to_end else Receive(count)), ("GET",), risk))

    def expecting(
        self,
        target: str = "/",
        fields: Fields = (),
        *,
        method: str = "POST",
        version: str = "HTTP/1.1",
        value: str = "100-continue",
        body: bytes = b"hello",
    ) -> Exchange:
        """A request that holds its body back until anything has come, as who sends Expect does (RFC 9110 §10.1.1).

        If nothing comes, the body is sent late.
        """
        every = [*fields, ("Expect", value), ("Content-Length", str(len(body)))]
        head = self.request(target, every, method=method, version=version)
        return self.play(Probe((Send(head), AwaitAny(), Send(body), Receive(1)), (method,), Risk.UNUSUAL))

    def pipeline(self, *requests: bytes, methods: Iterable[str] = (), risk: Risk = Risk.UNUSUAL) -> Exchange:
        """Several requests in one write; reads until as many answers are whole or the connection ends."""
        script: tuple[Action, ...] = (Send(b"".join(requests)), Receive(len(requests)))
        return self.play(Probe(script, tuple(methods) or ("GET",) * len(requests), risk))

    def sequence(self, *requests: bytes, methods: Iterable[str] = (), risk: Risk = Risk.UNUSUAL) -> Exchange:
        """Several requests on one connection, each sent when the former is answered."""
        script = [action for n, data in enumerate(requests, 1) for action in (Send(data), Receive(n))]
        return self.play(Probe(tuple(script), tuple(methods) or ("GET",) * len(requests), risk))

    def rewrite(self) -> tuple[Response, Response] | None:
        """The answers to a PUT on the throwaway file and to a GET behind it, after which the old content is put back.

        None where there is no such file, or the connection does not last.
        """
        page = self.site.throwaway
        plain = self.request("/")
        if page is None or len(self.sequence(plain, plain).responses) < 2:
            return None
        return self._restored(page, self._put(page, WRITTEN), "PUT")

    def remove(self) -> tuple[Response, Response] | None:
        """The same with a DELETE. It is only sent where PUT has shown that it can bring the file back."""
        page, written = self.site.throwaway, self.rewrite()
        if page is None or written is None or written[1].body != WRITTEN:
            return None
        return self._restored(page, self.request(page.target, method="DELETE"), "DELETE")

    def _restored(self, page: Page, change: bytes, method: str) -> tuple[Response, Response] | None:
        """The change, a GET and a PUT of the old content on one connection; that on another one if it ended early."""
        old = self._put(page, page.content)
        answers = self.sequence(change, self.request(page.target), old, methods=(method, "GET", "PUT")).responses
        if len(answers) == 3:
            return answers[0], answers[1]
        if answers and answers[0].ok:
            self.play(Probe((Send(old), Receive(1)), ("PUT",), Risk.UNUSUAL))
        return None

    def _put(self, page: Page, content: bytes) -> bytes:
        fields = [("Content-Type", "text/plain"), ("Content-Length", str(len(content)))]
        return self.request(page.target, fields, method="PUT", body=content)

    # -- what every run looks at --------------------------------------------------------------------------------------

    @property
    def baseline(self) -> tuple[Exchange, ...]:
        """Three plain GET requests on fresh connections, two if neither ends: what the rest of the run stands on."""
        pages = [self.site.page(kind, lambda p: p.plain) for kind in ("html", "text", "png", "jpeg")]
        targets = list(dict.fromkeys(["/", *(page.target for page in pages if page)]))
        while len(targets) < 3:
            targets.append(f"/?{len(targets)}")
        tried = [self.get(target) for target in targets[:2]]
        if any(exchange.ending is not Ending.FLOOD for exchange in tried):
            tried.append(self.get(targets[2]))
        return tuple(tried)

    @property
    def ordinary(self) -> tuple[Exchange, ...]:
        """Plain GETs of what should be there: the root, one file of each kind, a folder."""
        pages = [self.site.page(kind, lambda p: p.plain) for kind in sorted({p.kind for p in self.site.pages})]
        targets = [page.target for page in pages if page]
        if self.site.folder:
            targets += [f"/{self.site.folder}/", f"/{self.site.folder}"]
        return (*self.baseline, *(self.get(target) for target in dict.fromkeys(targets)))

    @property
    def refusals(self) -> tuple[Exchange, ...]:
        """Well-formed requests that servers are apt to refuse: a missing file, an invented method, no Host."""
        return (self.get(MISSING), self.get("/", method="BREW"), self.get("/", host=None))

    @property
    def ordinary_answers(self) -> list[Answer]:
        """Every final response to :attr:`ordinary` that has a readable status."""
        return _answers(self.ordinary)

    @property
    def answers(self) -> list[Answer]:
        """Every final response of the run's fixed survey: :attr:`ordinary` and :attr:`refusals`.

        Rules of form look at these and no others, so that a verdict depends on no other check of the run.
        """
        return _answers((*self.ordinary, *self.refusals))


def _answers(exchanges: Iterable[Exchange]) -> list[Answer]:
    found = {exchange.probe: exchange for exchange in exchanges}
    return [(x, response) for x in found.values() for response in x.responses if response.status_line is not None]
