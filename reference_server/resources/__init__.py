"""What is served: files, listings, programs and one dynamic page, below one document root.

Modules here may touch the disk and start processes, but know nothing of sockets.  `application.respond` is
the door.
"""
