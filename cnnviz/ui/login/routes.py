"""The door's own addresses, below /door: plain pages and forms, as the cookie of a login is set by no page script."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple
from urllib.parse import parse_qs, quote, unquote

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from cnnviz.errors import CnnvizError
from cnnviz.identity.account import Account, LoginError
from cnnviz.identity.door import LockedError, NewPinError
from cnnviz.runs.cluster import cluster
from cnnviz.runs.take_over import NO_WORK, FormerWork, find_work, take_over
from cnnviz.secret_key import owner_of_token, secret_key
from cnnviz.settings import settings
from cnnviz.ui.identity import COOKIE_NAME, token_in_cookies
from cnnviz.ui.login.logins import LOGIN_COOKIE, LoggedIn, Logins
from cnnviz.ui.login.page import account_page, login_page, provider_page, refusal_page, teacher_page, work_page
from cnnviz.ui.login.provider import provider_address

DOOR = "/door"
LOGIN, TEACHER, LOGOUT, MINE = f"{DOOR}/login", f"{DOOR}/teacher", f"{DOOR}/logout", f"{DOOR}/mine"
PROVIDER = f"{DOOR}/provider"
NEXT_COOKIE = "cnnviz_next"
"""Holds the page to go on to while somebody is at the provider."""
FIRST_VISIT_SECONDS = 60.0
"""Age of an account that a provider's word has just made."""
MAX_FORM_BYTES = 16 * 1024
LOCAL_ADDRESS = re.compile(r"/(?![/\\])[^\x00-\x20\\\x7f-\uffff]*")
"""A page of this server, and of no other: //host and /\\host lead elsewhere."""


class Visit(NamedTuple):
    """A request to the door."""

    request: Request
    person: LoggedIn | None
    """Who is logged in already."""
    form: Mapping[str, str]

    @property
    def owner(self) -> str:
        """The owner who is logged in; raises HTTPException where nobody is."""
        if self.person is None:
            raise HTTPException(403, "You are not logged in. Open the first page of this server.")
        return self.person.account.owner

    @property
    def former_owner(self) -> str:
        """The owner whom this browser's cookie of a server without logins stands for; empty without one."""
        token = token_in_cookies(self.request.headers.get("cookie", ""))
        return owner_of_token(token, secret_key(settings().data_dir)) if token else ""

    @property
    def following(self) -> str:
        """The page to go on to."""
        return _local_address(self.form.get("next") or self.request.query_params.get("next", ""))

    async def find_work(self) -> FormerWork:
        """Returns what this browser was used for before anybody logged in."""
        return await asyncio.to_thread(find_work, cluster(), owner) if (owner := self.former_owner) else NO_WORK


class DoorRoutes:
    """Answers the addresses of the door."""

    def __init__(self, logins: Logins) -> None:
        self._logins = logins
        self._answers: dict[tuple[str, str], Callable[[Visit], Awaitable[Response]]] = {
            ("GET", DOOR): self._show,
            ("GET", TEACHER): self._show_teacher,
            ("POST", TEACHER): self._make_teacher,
            ("GET", MINE): self._show_work,
            ("POST", MINE): self._take_over,
        }
        if logins.code_door:
            self._answers["POST", LOGIN] = self._log_in
        else:
            self._answers["POST", TEACHER] = self._promote
        if logins.provider_door:
            self._answers["GET", PROVIDER] = self._go_to_provider
        if not logins.header_door:
            self._answers["POST", LOGOUT] = self._log_out

    async def answer(self, request: Request, person: LoggedIn | None) -> Response:
        """Returns the answer to a request by somebody, or by nobody yet."""
        method = "GET" if request.method == "HEAD" else request.method
        try:
            answer = self._answers.get((method, request.scope["path"]))
            if answer is None:
                raise HTTPException(404, "There is no such door.")
            response = await answer(Visit(request, person, await _read_form(request) if method == "POST" else {}))
        except HTTPException as error:
            response = PlainTextResponse(error.detail, error.status_code)
        except ClientDisconnect:
            response = Response(status_code=400)
        response.headers["cache-control"] = "no-store"
        return response

    async def _show(self, visit: Visit) -> Response:
        """Returns the page of whoever is logged in, or the one on which somebody logs in."""
        if visit.person is None:
            if self._logins.provider_door:
                return HTMLResponse(provider_page(following=visit.following))
            if self._logins.code_door:
                return HTMLResponse(login_page(following=visit.following))
            return HTMLResponse(refusal_page(await self._logins.find_refusal(visit.request.scope)), 403)
        code = ""
        if visit.person.account.person.is_teacher and self._logins.code_door:
            code = await asyncio.to_thread(self._logins.people.class_code)
        can_log_out, has_work = bool(visit.person.login), bool(await visit.find_work())
        return HTMLResponse(account_page(visit.person.account, code, can_log_out=can_log_out, has_work=has_work))

    async def _log_in(self, visit: Visit) -> Response:
        """Lets in whom the form's code, name and PIN stand for; otherwise returns the form with the reason."""
        form, following, door = visit.form, visit.following, self._logins.code_door
        assert door  # noqa: S101 (the address is answered with this door alone)
        try:
            account = await self._logins.enter(door, visit.request.scope, form)
        except LoginError as error:
            page = login_page(
                following=following,
                code=form.get("code", ""),
                name=form.get("name", ""),
                sentence=str(error),
                asks_again=isinstance(error, NewPinError),
            )
            return HTMLResponse(page, _status(error))
        return await self._welcome(visit, account, following, is_first_visit="pin_again" in form)

    async def _go_to_provider(self, visit: Visit) -> Response:
        """Returns the way to the provider; the page to go on to waits in a cookie until the way back."""
        response = RedirectResponse(await asyncio.to_thread(provider_address), 303)
        is_encrypted = self._logins.is_encrypted(visit.request.scope)
        following = quote(visit.following, safe="")
        response.set_cookie(
            NEXT_COOKIE, following, max_age=600, httponly=True, samesite="lax", secure=is_encrypted, path="/"
        )
        return response

    async def come_back(self, request: Request, person: LoggedIn | None, claims: Mapping[str, object]) -> Response:
        """Lets in whom a provider has vouched for."""
        visit, door = Visit(request, person, {}), self._logins.provider_door
        try:
            if door is None:
                raise LoginError("This server has no such login page.")
            account = await self._logins.enter(door, request.scope, {}, claims)
        except LoginError as error:
            return HTMLResponse(refusal_page(str(error)), 403)
        following = _local_address(unquote(request.cookies.get(NEXT_COOKIE, "")))
        is_new = time.time() - account.created < FIRST_VISIT_SECONDS
        response = await self._welcome(visit, account, following, is_first_visit=is_new)
        response.delete_cookie(NEXT_COOKIE)
        response.headers["cache-control"] = "no-store"
        return response

    async def _show_teacher(self, _visit: Visit) -> Response:
        return HTMLResponse(teacher_page(asks_name=bool(self._logins.code_door)))

    async def _make_teacher(self, visit: Visit) -> Response:
        """Makes whoever has a one-time link, and gives name and PIN, a teacher."""
        try:
            account = await self._logins.enter(self._logins.teacher_door, visit.request.scope, visit.form)
        except LoginError as error:
            token, name = visit.form.get("token", ""), visit.form.get("name", "")
            return HTMLResponse(teacher_page(str(error), token, name, asks_name=True), _status(error))
        return await self._welcome(visit, account, DOOR, is_first_visit=True)

    async def _promote(self, visit: Visit) -> Response:
        """Makes somebody the teacher of whom a proxy says who they are."""
        owner = visit.owner
        try:
            await self._logins.promote(owner, visit.request.scope, visit.form)
        except LoginError as error:
            page = teacher_page(str(error), visit.form.get("token", ""), asks_name=False)
            return HTMLResponse(page, _status(error))
        return RedirectResponse(DOOR, 303)

    async def _welcome(self, visit: Visit, account: Account, following: str, *, is_first_visit: bool) -> Response:
        """Returns the way into the app with the cookie of a new login; whoever was logged in before is no longer."""
        if visit.person and visit.person.login:
            self._logins.end(visit.person.login)
        if is_first_visit and await visit.find_work():
            following = f"{MINE}?next={quote(following, safe='')}"
        response = RedirectResponse(following, 303)
        response.set_cookie(
            LOGIN_COOKIE,
            self._logins.begin(account),
            max_age=int(self._logins.max_age),
            httponly=True,
            samesite="lax",
            secure=self._logins.is_encrypted(visit.request.scope),
        )
        return response

    async def _log_out(self, visit: Visit) -> Response:
        """Ends this login, or with the form's `everywhere` all logins of this person."""
        owner = visit.owner
        if "everywhere" in visit.form:
            await asyncio.to_thread(self._logins.people.end_logins, owner)
        elif visit.person and visit.person.login:
            self._logins.end(visit.person.login)
        response = RedirectResponse(DOOR, 303)
        response.delete_cookie(LOGIN_COOKIE, httponly=True, samesite="lax")
        return response

    async def _show_work(self, visit: Visit) -> Response:
        _ = visit.owner  # nobody else is told
        return HTMLResponse(work_page(await visit.find_work(), visit.following))

    async def _take_over(self, visit: Visit) -> Response:
        """Gives what this browser made without a login to whoever says that it is theirs."""
        try:
            await asyncio.to_thread(take_over, cluster(), visit.former_owner, visit.owner)
        except CnnvizError as error:
            return HTMLResponse(work_page(await visit.find_work(), visit.following, str(error)), 409)
        response = RedirectResponse(visit.following, 303)
        response.delete_cookie(COOKIE_NAME, httponly=True, samesite="lax")
        return response


def _local_address(address: str) -> str:
    """Returns a page of this server to go on to: the one that was asked for, or the first one.

    >>> [_local_address(text) for text in ("/train?run=1", "//evil.example", "https://evil.example", "/door/logout")]
    ['/train?run=1', '/', '/', '/']
    """
    return address if LOCAL_ADDRESS.fullmatch(address) and not address.startswith(DOOR) else "/"


def _status(error: LoginError) -> int:
    if isinstance(error, LockedError):
        return 429
    return 200 if isinstance(error, NewPinError) else 403


async def _read_form(request: Request) -> dict[str, str]:
    """Returns the fields of a form; raises HTTPException for one that no page of this server has sent."""
    # a page of another server is refused before (OriginCheck); what says nothing of its page is no browser's form
    if not request.headers.get("origin"):
        raise HTTPException(403, "This request does not say from which page it comes.")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM_BYTES:
            raise HTTPException(413, "This form is too long.")
    try:
        fields = parse_qs(body.decode("ascii"), keep_blank_values=True, max_num_fields=20)
    except ValueError:
        raise HTTPException(400, "This is no form.") from None
    return {name: values[-1] for name, values in fields.items()}
