"""Pages of the door: HTML of their own, since nobody without a login gets a page of Streamlit."""

import time
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from cnnviz.identity.account import Account
from cnnviz.runs.take_over import FormerWork
from cnnviz.words import count_label

PAGE = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
).get_template("page.html.jinja")


def login_page(*, following: str, code: str = "", name: str = "", sentence: str = "", asks_again: bool = False) -> str:
    """Returns the form for class code, name and PIN; with a second field for the PIN where it is a new one."""
    return PAGE.render(
        page="login",
        title="Choose your PIN" if asks_again else "Come in",
        sentence=sentence,
        is_notice=asks_again,
        next=following,
        code=code,
        name=name,
        asks_again=asks_again,
    )


def provider_page(*, following: str) -> str:
    """Returns the page from which a login page of a school is reached."""
    return PAGE.render(page="provider", title="Come in", sentence="", is_notice=False, next=following)


def teacher_page(sentence: str = "", token: str = "", name: str = "", *, asks_name: bool) -> str:
    """Returns the form that a one-time link opens."""
    return PAGE.render(
        page="teacher",
        title="Become the teacher",
        sentence=sentence,
        is_notice=False,
        token=token,
        name=name,
        asks_name=asks_name,
    )


def account_page(account: Account, code: str, *, can_log_out: bool, has_work: bool) -> str:
    """Returns the page of whoever is logged in, with the ways out; for a teacher with the class code."""
    return PAGE.render(
        page="account",
        title=account.person.name,
        sentence="",
        is_teacher=account.person.is_teacher,
        code=code,
        can_log_out=can_log_out,
        has_work=has_work,
    )


def work_page(work: FormerWork, following: str, sentence: str = "") -> str:
    """Returns the question whose this browser's work is; without any, the way on."""
    counts = [
        count_label(number, noun)
        for number, noun in ((work.runs, "run"), (work.datasets, "data set"), (work.designs, "design"))
        if number
    ]
    return PAGE.render(
        page="work" if work else "nothing",
        title="Are these yours?" if work else "Nothing to take over",
        sentence=sentence,
        is_notice=False,
        what=" and ".join([", ".join(counts[:-1]), counts[-1]] if len(counts) > 1 else counts),
        titles=work.titles,
        since=time.strftime("%Y-%m-%d", time.localtime(work.since)) if work.since else "",
        next=following,
    )


def refusal_page(sentence: str) -> str:
    """Returns the page of whom a proxy has not named."""
    return PAGE.render(page="refusal", title="You cannot come in", sentence=sentence, is_notice=False)
