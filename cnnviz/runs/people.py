"""The people of a server, what holds for their class, and the links that make teachers, in the database."""

import json
import threading
import time
from typing import Any

import sqlalchemy as sql

from cnnviz.errors import CnnvizError
from cnnviz.identity.account import Account, LoginError
from cnnviz.identity.class_code import new_class_code
from cnnviz.identity.person import Person, Role
from cnnviz.identity.teacher_link import LINK_SECONDS, link_digest, new_link_token
from cnnviz.runs.tables import CLASS_OPTIONS, PEOPLE, SHARES, TEACHER_LINKS

FRESH_SECONDS = 2.0
"""How long an account is taken as it was read: a page asks for dozens of files at once, and a command of the server, in
another process, may change it."""
MAX_PEOPLE = 2000
"""Accounts of one server: with an open list, whoever knows the class code can make up names."""
CODE, OPEN = "code", "list_is_open"


class LastTeacherError(CnnvizError):
    """Raised where a class would be left without a teacher, with a sentence that says what to do."""


class PeopleStore:
    """Accounts and options of a class; any thread may read and write."""

    def __init__(self, engine: sql.Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._read: dict[str, tuple[float, Account]] = {}

    def fresh(self, owner: str) -> Account | None:
        """Returns an account if it was read a moment ago, without asking the database."""
        read_at, account = self._read.get(owner, (0.0, None))
        return account if account and time.monotonic() - read_at < FRESH_SECONDS else None

    def find(self, owner: str) -> Account | None:
        """Returns an account by its owner, as it was a moment ago; None when there is none."""
        return self.fresh(owner) or self._select(PEOPLE.c.owner == owner)

    def find_login(self, login: str) -> Account | None:
        """Returns an account by what its person is found by; None when there is none."""
        return self._select(PEOPLE.c.login == login)

    def all(self) -> list[Account]:
        """Returns all accounts, by name."""
        with self._engine.connect() as connection:
            rows = connection.execute(sql.select(PEOPLE).order_by(PEOPLE.c.name, PEOPLE.c.owner)).mappings()
            return [_account_of(row) for row in rows]

    def has_teacher(self) -> bool:
        """Returns whether anybody is a teacher."""
        query = sql.select(PEOPLE.c.owner).where(PEOPLE.c.role == Role.TEACHER).limit(1)
        with self._engine.connect() as connection:
            return connection.scalar(query) is not None

    def add(self, account: Account) -> None:
        """Keeps a new account; raises LoginError where somebody else has this login."""
        row = {
            "owner": account.owner,
            "login": account.login,
            "name": account.person.name,
            "role": account.person.role.value,
            "pin_hash": account.pin_hash,
            "generation": account.generation,
            "email": account.email,
            "created": account.created,
        }
        try:
            with self._engine.begin() as connection:
                if (connection.scalar(sql.select(sql.func.count()).select_from(PEOPLE)) or 0) >= MAX_PEOPLE:
                    raise LoginError(f"This server has {MAX_PEOPLE:,} accounts, the most it keeps. Tell your teacher.")
                connection.execute(sql.insert(PEOPLE).values(row))
        except sql.exc.IntegrityError:
            raise LoginError("Somebody has taken this name at this moment. Try again.") from None

    def change(self, owner: str, **values: Any) -> None:
        """Changes fields of an account, by their names in `Account` and `Person`.

        Raises LastTeacherError where nobody would be a teacher any more.
        """
        where, is_demotion = [PEOPLE.c.owner == owner], values.get("role", Role.TEACHER) != Role.TEACHER
        if is_demotion:
            where.append(_leaves_a_teacher())
        with self._engine.begin() as connection:
            if is_demotion:
                _lock_teachers(connection)
            _check_done(connection, owner, connection.execute(sql.update(PEOPLE).where(*where).values(values)).rowcount)
        self._forget(owner)

    def set_first_pin(self, owner: str, pin_hash: str) -> bool:
        """Keeps a PIN where there is none; returns whether there was none."""
        unset = sql.update(PEOPLE).where(PEOPLE.c.owner == owner, PEOPLE.c.pin_hash == "")
        with self._engine.begin() as connection:
            was_set = connection.execute(unset.values(pin_hash=pin_hash)).rowcount == 1
        self._forget(owner)
        return was_set

    def end_logins(self, owner: str) -> None:
        """Ends all logins of a person, at whatever computer."""
        with self._engine.begin() as connection:
            self._next_generation(connection, owner)
        self._forget(owner)

    def reset_pin(self, owner: str, pin_hash: str = "") -> None:
        """Gives a person another PIN, or lets them choose one at their next visit, and ends all their logins."""
        with self._engine.begin() as connection:
            self._next_generation(connection, owner, pin_hash=pin_hash)
        self._forget(owner)

    def remove(self, owner: str) -> None:
        """Removes an account, and what was shared by or with it; what its person has made stays.

        Raises LastTeacherError where nobody would be a teacher any more.
        """
        with self._engine.begin() as connection:
            _lock_teachers(connection)
            removal = sql.delete(PEOPLE).where(PEOPLE.c.owner == owner, _leaves_a_teacher())
            _check_done(connection, owner, connection.execute(removal).rowcount)
            connection.execute(sql.delete(SHARES).where(sql.or_(SHARES.c.owner == owner, SHARES.c.recipient == owner)))
        self._forget(owner)

    # ── the class ──

    def class_code(self) -> str:
        """Returns the code of this class, made when it is first asked for."""
        code = self._option(CODE)
        if code is None:
            self._add_option(CODE, new_class_code())
            code = self._option(CODE)
        return str(code)

    def set_class_code(self, code: str) -> None:
        """Gives the class another code; who is logged in stays so."""
        self._set_option(CODE, code)

    def list_is_open(self) -> bool:
        """Returns whether names that are not on the list may come in: so, until the teacher closes it."""
        return bool(self._option(OPEN) is not False)

    def open_list(self, is_open: bool) -> None:
        """Lets names that are not on the list come in, or no longer."""
        self._set_option(OPEN, is_open)

    # ── links that make teachers ──

    def new_teacher_link(self, now: float | None = None) -> str:
        """Returns the secret of a new link that is good once, for LINK_SECONDS; forgets those that are expired."""
        token, now = new_link_token(), time.time() if now is None else now
        with self._engine.begin() as connection:
            connection.execute(sql.delete(TEACHER_LINKS).where(TEACHER_LINKS.c.expires <= now))
            row = {"digest": link_digest(token), "expires": now + LINK_SECONDS}
            connection.execute(sql.insert(TEACHER_LINKS).values(row))
        return token

    def is_teacher_link(self, token: str) -> bool:
        """Returns whether a token is that of a one-time link which is neither used nor expired."""
        with self._engine.connect() as connection:
            return connection.scalar(sql.select(TEACHER_LINKS.c.digest).where(*_good_link(token))) is not None

    def use_teacher_link(self, token: str) -> bool:
        """Uses up a one-time link; returns whether it was still good."""
        with self._engine.begin() as connection:
            return connection.execute(sql.delete(TEACHER_LINKS).where(*_good_link(token))).rowcount == 1

    def _select(self, condition: sql.ColumnElement[bool]) -> Account | None:
        read_at = time.monotonic()
        with self._engine.connect() as connection:
            row = connection.execute(sql.select(PEOPLE).where(condition)).mappings().first()
        if row is None:
            return None
        account = _account_of(row)
        with self._lock:
            self._read[account.owner] = read_at, account
        return account

    def _forget(self, owner: str) -> None:
        """Forgets what was read of an account that has just been changed."""
        with self._lock:
            self._read.pop(owner, None)

    def _next_generation(self, connection: sql.Connection, owner: str, **values: Any) -> None:
        later = sql.update(PEOPLE).where(PEOPLE.c.owner == owner)
        connection.execute(later.values(generation=PEOPLE.c.generation + 1, **values))

    def _option(self, name: str) -> Any:
        with self._engine.connect() as connection:
            content = connection.scalar(sql.select(CLASS_OPTIONS.c.content).where(CLASS_OPTIONS.c.name == name))
        return None if content is None else json.loads(content)

    def _add_option(self, name: str, value: object) -> None:
        """Keeps an option unless there is one."""
        try:
            with self._engine.begin() as connection:
                connection.execute(sql.insert(CLASS_OPTIONS).values(name=name, content=json.dumps(value)))
        except sql.exc.IntegrityError:
            pass

    def _set_option(self, name: str, value: object) -> None:
        self._add_option(name, value)
        with self._engine.begin() as connection:
            changed = sql.update(CLASS_OPTIONS).where(CLASS_OPTIONS.c.name == name)
            connection.execute(changed.values(content=json.dumps(value)))


def _leaves_a_teacher() -> sql.ColumnElement[bool]:
    """Returns the condition that the account which a statement is about is no teacher, or not the only one."""
    others = PEOPLE.alias()
    is_other_teacher = sql.and_(others.c.role == Role.TEACHER, others.c.owner != PEOPLE.c.owner)
    return sql.or_(PEOPLE.c.role != Role.TEACHER, sql.exists().where(is_other_teacher).correlate(PEOPLE))


def _lock_teachers(connection: sql.Connection) -> None:
    """Has another transaction that puts a teacher out wait for this one: it would not see what this one changes.

    In SQLite, one writes at a time anyway.
    """
    teachers = sql.select(PEOPLE.c.owner).where(PEOPLE.c.role == Role.TEACHER).order_by(PEOPLE.c.owner)
    connection.execute(teachers.with_for_update()).all()


def _check_done(connection: sql.Connection, owner: str, row_count: int) -> None:
    """Raises LastTeacherError where a statement about an account has met none, though it is there."""
    if row_count == 0 and connection.scalar(sql.select(PEOPLE.c.owner).where(PEOPLE.c.owner == owner)):
        raise LastTeacherError("This is the only teacher. Make somebody else a teacher first.")


def _account_of(row: sql.RowMapping) -> Account:
    return Account(
        Person(row["owner"], row["name"], Role(row["role"])),
        row["login"],
        row["pin_hash"],
        row["generation"],
        row["email"],
        row["created"],
    )


def _good_link(token: str) -> tuple[sql.ColumnElement[bool], ...]:
    return TEACHER_LINKS.c.digest == link_digest(token), TEACHER_LINKS.c.expires > time.time()
