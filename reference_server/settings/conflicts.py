"""What fits by itself but not together, or not with what is on this machine's disk.

Looks at a `Service` in which defaults stand for everything that does not fit, so it passes over what is `spoiled`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from urllib.parse import unquote

from reference_server.config import CachingRule, ProtectedFolder, Redirect, Service, SiteSettings
from reference_server.settings.kinds import Path, quoted
from reference_server.settings.problems import Problems, shown_path

Pairs = Sequence[tuple[str, str]]


def find(service: Service, problems: Problems) -> None:
    for key, log in (("access_log", service.access_log), ("error_log", service.error_log)):
        if log is not None:
            check_log(log, (key,), problems)
    if not service.sites and not problems.spoil(("sites",)):
        problems.add((), 'there is no folder to serve: write [[sites]] and below it root = "…", or give FOLDER')
    for index, site in enumerate(service.sites):
        check_site(site, ("sites", index), problems)
        check_secrets(service, site, ("sites", index, "root"), problems)
    check_names(service.sites, problems)


def check_log(log: str, path: Path, problems: Problems) -> None:
    """Whether it may be written shows when it is opened; that its folder is missing shows now."""
    folder = os.path.dirname(log) or "."
    if os.path.isdir(log):
        problems.add(path, f"{quoted(log)} is a folder: name a file in it")
    elif log != "-" and not os.path.isdir(folder):
        problems.add(path, f"cannot open {quoted(log)}: there is no folder {quoted(folder)}")


def check_site(site: SiteSettings, path: Path, problems: Problems) -> None:
    if site.root and not os.path.isdir(site.root):
        problems.add((*path, "root"), f"there is no folder {quoted(site.root)}: make it, or name another")
    no_two([redirect.source for redirect in site.redirects], (*path, "redirects"), "source", problems)
    no_two([folder.path for folder in site.protected], (*path, "protected"), "path", problems)
    for index, redirect in enumerate(site.redirects):
        check_redirect(redirect, site.redirects, (*path, "redirects", index), problems)
    for index, rule in enumerate(site.caching):
        check_rule(rule, (*path, "caching", index), problems)
    for index, folder in enumerate(site.protected):
        check_users(folder, (*path, "protected", index), problems)
    check_realms(site.protected, (*path, "protected"), problems)


def check_secrets(service: Service, site: SiteSettings, path: Path, problems: Problems) -> None:
    """What the server reads and writes for itself is not for its clients (RFC 2616 15.2; RFC 9110 17.3, 17.8)."""
    if site.root and not problems.spoil(path):
        for file in own_files(service, problems):
            if is_shown(file, site.root):
                remedy = "move one of them, or give the file a name with a dot in front"
                problems.add(path, f"would show {quoted(file)} to everybody: {remedy}")


def own_files(service: Service, problems: Problems) -> list[str]:
    """The configuration, the logs and the files of passwords, each once."""
    logs = {"access_log": service.access_log, "error_log": service.error_log}
    usable = [log for key, log in logs.items() if log != "-" and not problems.spoil((key,))]
    users = [folder.users_file for site in service.sites for folder in site.protected]
    return [each for each in dict.fromkeys([problems.file, *usable, *users]) if each]


def is_shown(file: str, root: str) -> bool:
    """Whether it lies below the root, and on no step under a hidden name."""
    place, top = os.path.realpath(file), os.path.join(os.path.realpath(root), "")
    return place.startswith(top) and not any(name.startswith(".") for name in place[len(top) :].split(os.sep))


def no_two(keys: Sequence[str], path: Path, name: str, problems: Problems) -> None:
    """Of two entries for the same thing the second would mean nothing."""
    for index, key in enumerate(keys):
        before = keys.index(key)
        if key and before != index:
            problems.add((*path, index, name), f"{quoted(key)} stands already in {shown_path((*path, before))}")


def check_redirect(redirect: Redirect, others: Sequence[Redirect], path: Path, problems: Problems) -> None:
    if problems.spoil((*path, "source"), (*path, "target")) or not redirect.source:
        return
    goal = unquote(redirect.target.partition("?")[0].partition("#")[0])
    if goal.endswith("*") and not redirect.source.endswith("*"):
        problems.add((*path, "target"), "ends in *, but its source does not: there is nothing to repeat")
    elif max((each for each in others if fits(each, goal)), key=precedence, default=None) == redirect:
        problems.add((*path, "target"), f"{quoted(redirect.target)} fits its own source: clients would go in circles")


def fits(redirect: Redirect, goal: str) -> bool:
    source = redirect.source
    return goal.startswith(source[:-1]) if source.endswith("*") else goal == source != ""


def precedence(redirect: Redirect) -> tuple[bool, int]:
    """An exact source, then the longest."""
    return not redirect.source.endswith("*"), len(redirect.source)


def check_rule(rule: CachingRule, path: Path, problems: Problems) -> None:
    unsaid = rule.control is None and rule.expires is None
    if unsaid and not problems.spoil((*path, "control"), (*path, "expires")):
        problems.add(path, "says nothing: needs control or expires, or both")


def check_users(folder: ProtectedFolder, path: Path, problems: Problems) -> None:
    from_file = folder.users_file is not None
    if not folder.users and not from_file and not problems.spoil((*path, "users"), (*path, "users_file")):
        problems.add(path, 'lets nobody in: needs users = { name = "password" }, or users_file = "…"')


def check_realms(folders: Sequence[ProtectedFolder], path: Path, problems: Problems) -> None:
    """A client sends the password it has for a realm to all of the realm's folders (RFC 9110 11.5)."""
    for index, folder in enumerate(folders):
        for before, other in enumerate(folders[:index]):
            if (folder.realm, folder.scheme) == (other.realm, other.scheme):
                for name in differing(folder.users, other.users):
                    where = shown_path((*path, before))
                    problems.add((*path, index), f"gives {name} another password than {where} with the same realm")


def differing(users: Pairs, others: Pairs) -> list[str]:
    known = dict(others)
    return [name for name, password in users if known.get(name, password) != password]


def check_names(sites: Sequence[SiteSettings], problems: Problems) -> None:
    first: dict[str, Path] = {}
    for index, site in enumerate(sites):
        path: Path = ("sites", index)
        for place, name in enumerate(site.names):
            before = first.setdefault(name, path)
            if before != path:
                problems.add((*path, "names", place), f"{quoted(name)} is a name of {shown_path(before)} already")
        if index > 0 and not site.names and not problems.spoil((*path, "names")):
            problems.add(path, "is never chosen: every site but the first needs names")
