"""Bytes to messages and back: the syntax of HTTP/1.1 (RFC 9112), without sockets, clocks or files.

Nothing here knows what a request *means*; `connection` turns octets into `messages.Request` objects and a
`messages.Response` into octets, `head`, `framing` and `body` are the rules it applies on the way.
"""
