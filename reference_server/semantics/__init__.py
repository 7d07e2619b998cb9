"""What HTTP messages mean (RFC 9110), as pure functions: dates, validators, ranges, methods, targets, media types.

No module here reads a clock, a file or a socket; the moment and the file's metadata are arguments.
"""
