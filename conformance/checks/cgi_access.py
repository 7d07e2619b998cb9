"""Programs and access control (RFC 3875 §3.1, §4.1.1, §4.1.11, §4.1.18, §9.2): who may run them, and what they are told
of who that is.

The programs below the guarded folder of the document root tell what happens where the server asks for credentials.
"""

from __future__ import annotations

from collections.abc import Iterator

from conformance.check import check
from conformance.checks.cgi_programs import (
    CREDENTIALS,
    ENVIRONMENT,
    REFUSED,
    UNCHECKED,
    UNCHECKED_USER,
    WRONG_PASSWORD,
    Run,
    of_gateways,
    run,
    wrong,
)
from conformance.evidence import Evidence
from conformance.exemplars import basic
from conformance.predicates import absent, advised, broken, outcomes, passed, refused, unclear
from conformance.rule import Risk
from conformance.verdict import Judgement

REQUEST = "GET /{}environment.py HTTP/1.1\r\nHost: localhost:50000\r\n"
WITH = "Authorization: Basic c3R1ZGVudDpjb25mb3JtYW5jZQ==\r\n\r\n"
NONE_GUARDED = "no program that shows its variables asks for credentials"
DENIED = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: …"


def _guarded(evidence: Evidence) -> str | None:
    """The target of environment.py where it draws 401 or 403."""
    targets = [page.target for page in evidence.site.guarded if page.name == ENVIRONMENT and page.plain]
    return next((target for target in targets if evidence.get(target).status in (401, 403)), None)


def _authenticated(evidence: Evidence) -> Run | None:
    """A run of the guarded program by somebody who may."""
    target, known = _guarded(evidence), evidence.site.credentials
    return run(evidence, target=target, fields=[basic(known)]) if target and known else None


@check(
    "cgi-security.no-run-before-access-control",
    statement="A program that is kept for some is not run for others, however they spell its address.",
    why="Once it runs, it has already done what it does; a 401 afterwards protects nothing.",
    hint="Check who asks before you start the program, and decide by the decoded path whether it is guarded.",
    example=(REQUEST.format("%67uarded/") + "\r\n", DENIED, "HTTP/1.1 200 OK\r\n… (the program's output)"),
    needs=("cgi", "authentication"),
    risk=Risk.UNUSUAL,
)
@of_gateways
def not_run_before(evidence: Evidence) -> Judgement:
    target = _guarded(evidence)
    if target is None:
        return absent(NONE_GUARDED)
    seen = list(_intruders(evidence, target))
    for told in seen:
        if told.ran:
            expected = (
                "401 (RFC 9110 §15.5.2), 403 (RFC 9110 §15.5.4) or another refusal, and no output (RFC 3875 §3.1)"
            )
            return broken(told.exchange, "A guarded program was run for somebody unknown.", expected=expected)
    posted = run(evidence, target=target, fields=[("Content-Length", "0")], method="POST")
    if posted.ran:
        expected = "401 (RFC 9110 §15.5.2), 403 (RFC 9110 §15.5.4) or 405 (RFC 9110 §15.5.6)"
        return advised(posted.exchange, "A program that is guarded for GET is run for POST.", expected=expected)
    return passed(outcomes(told.exchange for told in seen))


def _intruders(evidence: Evidence, target: str) -> Iterator[Run]:
    """Requests without the right credentials, in the spellings that get past a careless guard."""
    yield run(evidence, target=target)
    for fields in ([("Authorization", UNCHECKED)], [("Authorization", "Basic")]):
        yield run(evidence, target=target, fields=fields)
    encoded = f"/%{ord(target[1]):02X}{target[2:]}"
    for spelled in (encoded, f"/.{target}", f"/{target}", f"/x/..{target}", f"{target}/x"):
        yield run(evidence, target=spelled)


@check(
    "cgi-env.auth-type-set",
    statement="If the server asked for credentials, AUTH_TYPE tells the program by which scheme they came.",
    why="It is the program's only sign that somebody has been let in by a password.",
    hint='Set AUTH_TYPE to "Basic" once the password in an Authorization field of that scheme was right.',
    example=(REQUEST.format("guarded/") + WITH, 'AUTH_TYPE is "Basic"', "AUTH_TYPE is not set"),
    needs=("cgi", "credentials"),
    risk=Risk.UNUSUAL,
)
@of_gateways
def auth_type_set(evidence: Evidence) -> Judgement:
    told = _authenticated(evidence)
    if told is None:
        return absent(NONE_GUARDED)
    if not told.ran:
        return unclear("the guarded program was not run with the credentials that were given")
    if told.environment.get("AUTH_TYPE", "").lower() == "basic":
        return passed()
    message = "AUTH_TYPE is not the scheme of the credentials."
    return wrong(told, "AUTH_TYPE", message, expected='"Basic", in any case (RFC 3875 §4.1.1)')


@check(
    "cgi-env.remote-user-set",
    statement="If the server asked for credentials, REMOTE_USER is the user that they name.",
    why="A program shows everybody his own pages by it.",
    hint="Set REMOTE_USER to the part before the colon of the decoded credentials, once the password was right.",
    example=(REQUEST.format("guarded/") + WITH, 'REMOTE_USER is "student"', "REMOTE_USER is not set"),
    needs=("cgi", "credentials"),
    risk=Risk.UNUSUAL,
)
@of_gateways
def remote_user_set(evidence: Evidence) -> Judgement:
    told, known = _authenticated(evidence), evidence.site.credentials
    if told is None or known is None:
        return absent(NONE_GUARDED)
    if not told.ran:
        return unclear("the guarded program was not run with the credentials that were given")
    if told.environment.get("REMOTE_USER") == known[0]:
        return passed()
    message = "REMOTE_USER is not the user who has proved to ask."
    return wrong(told, "REMOTE_USER", message, expected=f'"{known[0]}"')


@check(
    "cgi-security.remote-user-only-if-verified",
    statement="REMOTE_USER is not filled from credentials that nobody has checked.",
    why="A program that trusts REMOTE_USER lets in whoever types a name.",
    hint="Set REMOTE_USER only after the password was found right; where no page is guarded, leave it out.",
    example=(REQUEST.format("cgi/") + "Authorization: Basic cm9vdDp4\r\n\r\n", "REMOTE_USER is not set", '"root"'),
    dispute="RFC 3875 §4.1.11 calls it supplied by the client, and no sentence forbids to pass on an unchecked "
    "name, as http.server does. By its meaning it is one that has been verified: a warning.",
    needs=("cgi",),
    risk=Risk.UNUSUAL,
)
@of_gateways
def remote_user_verified(evidence: Evidence) -> Judgement:
    told = run(evidence, fields=CREDENTIALS)
    if not told.ran:
        return passed("the request is refused") if refused(told.exchange) else unclear("the program was not run")
    if told.environment.get("REMOTE_USER") != UNCHECKED_USER:
        return passed()
    message = "REMOTE_USER is a name that nobody has proved to have."
    return wrong(told, "REMOTE_USER", message, expected=f"empty or unset (RFC 3875 §4.1.11), or {REFUSED}")


@check(
    "cgi-security.credentials-not-passed",
    statement="Credentials in a request, such as the value of Authorization, do not reach programs.",
    why="The password is the server's business; a program that has it can use it elsewhere, or leak it.",
    hint="Leave out authorization and proxy-authorization when you make the HTTP_ variables.",
    example=(
        REQUEST.format("cgi/") + "Authorization: Basic eDp5\r\n\r\n",
        "HTTP_AUTHORIZATION is not set",
        'HTTP_AUTHORIZATION is "Basic eDp5"',
    ),
    dispute="RFC 3875 §4.1.18 and §9.2 advise to hold credentials back unless the operator wants them passed on; "
    "lighttpd always passes them. A warning, as the suite cannot see what was ordered.",
    needs=("cgi",),
    risk=Risk.UNUSUAL,
)
@of_gateways
def credentials_kept(evidence: Evidence) -> Judgement:
    told = run(evidence, fields=CREDENTIALS)
    if not told.ran:
        return passed("the request is refused") if refused(told.exchange) else unclear("the program was not run")
    secrets = (UNCHECKED.partition(" ")[2], WRONG_PASSWORD)
    for name, value in told.environment.items():
        if any(secret in value for secret in secrets):
            message = "The client's password is handed to the program."
            expected = f"{name} unset (RFC 3875 §4.1.18), or set as the operator has ordered (RFC 3875 §9.2)"
            return wrong(told, name, message, expected=expected)
    return passed()
