"""Starlette's handler for folders as an ASGI application, for uvicorn; `BENCHMARK_FOLDER` names the folder."""

from __future__ import annotations

import os

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

app = Starlette(routes=[Mount("/", StaticFiles(directory=os.environ["BENCHMARK_FOLDER"]))])
