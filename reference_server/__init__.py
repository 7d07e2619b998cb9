"""An HTTP/1.1 origin server that keeps to RFC 9110, 9112 and 3875; standard library only.

How one request travels from octets to octets:

1. `drivers.door` accepts the connection; `drivers.server`, the event loop, waits for octets and hands them to the
   connection's `drivers.client`.  If the very same octets were answered a moment ago and nothing has changed since,
   `drivers.shortcut` gives the same reply from memory, and that is all.  Otherwise they are fed to
2. `http1.connection`, the pure state machine.  `http1.head` judges the request line and each field, `http1.target`
   the target; `http1.framing` decides where the body ends and `http1.body` reads it.  Out comes a
   `http1.messages.Request`, or a `Refusal` that says which error the client gets.
3. `resources.site.Sites` chooses the site by the host, and `resources.application.respond` the resource: `access`
   asks who wants it, `semantics.targets` decodes the path, `redirects` may send elsewhere, and `paths` walks to the
   file without ever leaving the document root.  `static` then (or `variants`, where there are several to choose from),
   `listing`, `writing`, `cgi` or `the_time` decides on a `Response`, with `semantics.conditional`, `negotiation`
   and `ranges` as judges.  Programs and changes do this in a thread (`drivers.offload`), all else in the loop.
4. `http1.connection.send` fixes the reply's framing and whether the connection stays, `http1.encode` writes the head,
   and `drivers.outbox` sends head and body (files by `sendfile`); then the next request in line has its turn.  How
   long a client may take over each step is in `drivers.pace`.

Round this, `cli` and `settings` make a `config.Service` of options and file, and `drivers.supervisor` starts, replaces
and ends the processes that each run one such loop.

Imports point one way only: drivers -> resources -> semantics -> http1.

>>> import reference_server
>>> server = reference_server.serve("web")     # doctest: +SKIP
>>> server.port, server.run()                  # doctest: +SKIP
"""

from reference_server.config import Config, SiteSettings, Timeouts
from reference_server.drivers.server import Server, serve
from reference_server.http1.connection import Limits

__all__ = ["Config", "Limits", "Server", "SiteSettings", "Timeouts", "serve"]
