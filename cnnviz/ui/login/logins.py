"""Logins: who a request comes from, on a server for a class."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from math import inf
from typing import NamedTuple

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.types import Scope

from cnnviz.identity.account import Account, LoginError
from cnnviz.identity.attempts import Attempts
from cnnviz.identity.class_code import ClassCodeDoor
from cnnviz.identity.door import Attempt, Door
from cnnviz.identity.last_actions import LastActions
from cnnviz.identity.login_cookie import Login, LoginCookie
from cnnviz.identity.open_id import OpenIdDoor
from cnnviz.identity.pin import PinHasher
from cnnviz.identity.teacher_link import TeacherLinkDoor
from cnnviz.identity.trusted_header import TrustedHeaderDoor
from cnnviz.runs.cluster import cluster
from cnnviz.runs.people import PeopleStore
from cnnviz.secret_key import secret_key
from cnnviz.settings import Settings, settings
from cnnviz.ui.identity import client_address, exact_address, peer_address
from cnnviz.ui.login.provider import has_provider

LOGIN_COOKIE = "cnnviz_login"


class LoggedIn(NamedTuple):
    """Somebody who is let in."""

    account: Account
    login: Login | None
    """What their cookie says; None where a proxy says with each request who they are."""


class Logins:
    """The doors of a server, and the logins that they have led to."""

    def __init__(
        self,
        limits: Settings,
        people: PeopleStore,
        key: bytes,
        clock: Callable[[], float] = time.time,
        *,
        actions: LastActions | None = None,
        has_provider: bool = False,
    ) -> None:
        """A proxy that names everybody takes the place of a provider, and that of code, name and PIN."""
        pins, attempts = PinHasher(key), Attempts()
        self.people = people
        self._attempts = attempts
        self.teacher_door = TeacherLinkDoor(people, pins, attempts)
        proxies = {exact_address(proxy) for proxy in limits.proxies.split(",")} - {""}
        header = limits.login_header
        self.header_door: Door | None = TrustedHeaderDoor(people, header, proxies) if header else None
        self.provider_door: Door | None = OpenIdDoor(people) if has_provider and not header else None
        has_code = not header and not has_provider
        self.code_door: Door | None = ClassCodeDoor(people, pins, attempts) if has_code else None
        self.max_age = limits.login_hours * 3600
        self._max_idle = limits.idle_minutes * 60 or inf
        self._actions = actions or LastActions(clock)
        self._proxies, self._proxy_text = proxies, limits.proxies
        self._cookie, self._clock = LoginCookie(key), clock
        self._ended: dict[str, int] = {}  # ids of logins that were ended before their time, and when they began
        self._one_at_a_time = asyncio.Lock()

    async def enter(
        self, door: Door, scope: Scope, form: Mapping[str, str], claims: Mapping[str, object] | None = None
    ) -> Account:
        """Returns whom a door lets in; one attempt after another, as checking a PIN takes memory and time."""
        attempt = replace(self._attempt(scope, form), claims=claims or {})
        async with self._one_at_a_time:
            return await asyncio.to_thread(door.enter, attempt)

    async def promote(self, owner: str, scope: Scope, form: Mapping[str, str]) -> None:
        """Makes somebody who has come in by another door a teacher; raises LoginError where the link is wrong."""
        async with self._one_at_a_time:
            await asyncio.to_thread(self.teacher_door.promote, owner, self._attempt(scope, form))

    async def find_refusal(self, scope: Scope) -> str:
        """Returns why a proxy's word is not taken; empty where it is."""
        try:
            if self.header_door:
                await asyncio.to_thread(self.header_door.enter, self._attempt(scope, {}))
        except LoginError as error:
            return str(error)
        return ""

    def _attempt(self, scope: Scope, form: Mapping[str, str]) -> Attempt:
        """Returns what a request brings to a door."""
        return Attempt(
            form=form,
            headers=[(name.decode("latin-1"), _header_text(value)) for name, value in scope["headers"]],
            peer=peer_address(scope),
            address=client_address(scope, self._proxy_text),
        )

    async def find(self, scope: Scope) -> LoggedIn | None:
        """Returns who a request comes from; None where nobody is logged in."""
        if self.header_door:
            try:
                account = await asyncio.to_thread(self.header_door.enter, self._attempt(scope, {}))
            except LoginError:
                return None
            return LoggedIn(account, None)
        login = self._cookie.read(cookie_parser(Headers(scope=scope).get("cookie", "")).get(LOGIN_COOKIE, ""))
        if login is None or self._has_ended(login):
            return None
        found = await self._find_account(login.owner)
        return LoggedIn(found, login) if found and found.generation == login.generation else None

    async def is_still_in(self, person: LoggedIn) -> bool:
        """Returns whether somebody who was let in is so still, and in the same role: their page was drawn for that."""
        account, login = await self._find_account(person.account.owner), person.login
        if account is None or account.person.role != person.account.person.role:
            return False
        return login is None or (account.generation == login.generation and not self._has_ended(login))

    def note_action(self, person: LoggedIn) -> None:
        """Notes that somebody is doing something on a page of theirs."""
        self._actions.note(person.account.owner, *([person.login.id] if person.login else []))

    def begin(self, account: Account) -> str:
        """Returns the value of the cookie for a login that begins now."""
        return self._cookie.write(account.owner, account.generation, self._clock())

    def end(self, login: Login) -> None:
        """Ends a login, wherever a copy of its cookie is."""
        oldest = self._clock() - self.max_age
        self._ended = {id_: issued for id_, issued in self._ended.items() if issued > oldest} | {login.id: login.issued}

    def reset_pin(self, account: Account) -> None:
        """Lets somebody choose a PIN at their next visit, which is the first again, and ends all their logins."""
        self.people.reset_pin(account.owner)
        self._attempts.forgive(account.login)

    def is_encrypted(self, scope: Scope) -> bool:
        """Returns whether a request came by https: to this server, or to a named proxy that says so."""
        if scope["scheme"] in ("https", "wss"):
            return True
        said = Headers(scope=scope).get("x-forwarded-proto", "")
        return peer_address(scope) in self._proxies and said.rpartition(",")[2].strip().lower() == "https"

    def _has_ended(self, login: Login) -> bool:
        is_idle = self._actions.idle_seconds(login.id, since=login.issued) >= self._max_idle
        return is_idle or login.id in self._ended or login.ended(self._clock(), self.max_age)

    async def _find_account(self, owner: str) -> Account | None:
        return self.people.fresh(owner) or await asyncio.to_thread(self.people.find, owner)


def _header_text(value: bytes) -> str:
    """Returns a header's value, which proxies send in UTF-8 where it is a name."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


@cache
def logins() -> Logins:
    """Returns the logins of this server."""
    people, key = cluster().store.people, secret_key(settings().data_dir)
    return Logins(settings(), people, key, actions=cluster().last_actions, has_provider=has_provider())
