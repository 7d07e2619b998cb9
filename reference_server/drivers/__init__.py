"""Sockets, timeouts, threads: the imperative shell round the pure core.

`server` runs one event loop, `client` is one connection in it, `offload` waits for programs so that the
loop need not.
"""
