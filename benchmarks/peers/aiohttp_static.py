"""aiohttp's own handler for folders as a server: `python aiohttp_static.py FOLDER PORT`; logs to standard output."""

from __future__ import annotations

import logging
import sys

from aiohttp import web

if __name__ == "__main__":
    logging.basicConfig(stream=sys.stdout, level=logging.INFO)
    app = web.Application()
    app.add_routes([web.static("/", sys.argv[1], show_index=True)])
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[2]), print=None)
