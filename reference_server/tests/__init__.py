"""Tests of the reference server: the pure core by itself, and every capability over real sockets."""
