"""The fuzz: generated requests, each of which knows what may lawfully become of it; Hypothesis draws and shrinks them.

The suite plays them with ``--fuzz``; the strategies serve everybody who tests a server with Hypothesis. A
:class:`~conformance.fuzz.example.Ground` says what the server serves, and three functions make of it:

* :func:`~conformance.fuzz.strategies.requests`: good requests, of type :class:`~conformance.fuzz.message.Request`;
* :func:`~conformance.fuzz.strategies.pipelines`: up to five of them for one connection;
* :func:`~conformance.fuzz.strategies.near_valid`: requests with one fault, each an
  :class:`~conformance.fuzz.example.Example` with all that is known of it: the rule, the plain request that it was
  made of, and its :class:`~conformance.fuzz.example.Fate`.

The ``data`` of each are the octets to send::

    from hypothesis import given
    from conformance.fuzz.example import Ground
    from conformance.fuzz.strategies import near_valid, requests

    GROUND = Ground(b"localhost:8000", pages=(b"/", b"/hello.txt"))

    @given(requests(GROUND))
    def test_good_requests_are_not_called_bad(request):
        assert b" 400 " not in answer_to(request.data)

    @given(near_valid(GROUND))
    def test_bad_requests_are_not_served(example):
        assert b" 200 " not in answer_to(example.request.data)
"""
