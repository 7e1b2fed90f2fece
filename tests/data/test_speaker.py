import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnviz.data.speaker import MAX_STEM_LENGTH, find_speakers
from cnnviz.errors import DataError


@pytest.mark.parametrize(
    ("template", "names", "speakers"),
    [
        ("{speaker}_{n}", ["anna_0.wav", "anna_b_12.flac", "ß_3"], ("anna", "anna_b", "ß")),
        ("{speaker}-*", ["anna-x-1.wav", "b-.wav"], ("anna", "b")),
        ("{n}_{speaker}", ["0_anna.wav", "12_bert.wav"], ("anna", "bert")),
        ("{speaker}{n}", ["anna12.wav"], ("anna",)),
        ("rec (*) {speaker}", ["rec (1.5) anna.wav"], ("anna",)),
        ("{speaker}", ["anna.wav", "bert.wav"], ("anna", "bert")),
        ("{speaker}.[a-z]+{n}", ["anna.[a-z]+1.wav"], ("anna",)),
    ],
)
def test_a_template_says_where_the_speaker_stands(template: str, names: list[str], speakers: tuple[str, ...]) -> None:
    assert find_speakers(names, template) == speakers


@pytest.mark.parametrize(
    "template",
    ["", "{n}", "{speaker}_{speaker}", "{speaker}_{n}_{n}", "*_{speaker}_*", "{speaker}" + "x" * 60],
)
def test_a_template_that_cannot_be_used_is_refused(template: str) -> None:
    with pytest.raises(DataError, match=r"cannot be used: it needs \{speaker\} once, may have"):
        find_speakers(["a"], template)


@pytest.mark.parametrize("template", ["{speaker}*", "*{speaker}"])
def test_a_template_must_say_where_the_speaker_ends(template: str) -> None:
    with pytest.raises(DataError, match=r"does not say where the speaker ends"):
        find_speakers(["a"], template)


def test_names_that_do_not_fit_are_counted_and_the_first_is_named() -> None:
    with pytest.raises(
        DataError, match=r"^2 of 3 file names do not fit the template “\{speaker\}_\{n\}”, the first being “x”"
    ):
        find_speakers(["anna_0.wav", "x.wav", "y.wav"], "{speaker}_{n}")


def test_speech_commands_and_numbered_names_are_known_without_a_template() -> None:
    commands = ["0a7c2a8d_nohash_0.wav", "0a7c2a8d_nohash_1.wav", "ffffffff_nohash_0.wav"]
    assert find_speakers(commands) == ("0a7c2a8d", "0a7c2a8d", "ffffffff")
    assert find_speakers(["anna_0.wav", "anna_1.wav", "bert_0.wav"]) == ("anna", "anna", "bert")


@pytest.mark.parametrize("names", [["a_0", "a_1"], ["a_0", "b_0"], ["a_0", "a_1", "b_0", "other"], []])
def test_names_of_one_speaker_or_of_as_many_as_files_tell_nothing(names: list[str]) -> None:
    assert find_speakers(names) is None


def test_the_worst_name_for_the_worst_template_takes_milliseconds() -> None:
    """A regular expression of a student's own could have run until the end of days."""
    start = time.process_time()
    for template in ("{speaker}1*1{n}x", "*1{speaker}1{n}x", "{n}1{speaker}1*x", "{speaker}{n}1*x"):
        for stem in ("1" * MAX_STEM_LENGTH, "1" * 200):
            with pytest.raises(DataError):
                find_speakers([stem], template)
    assert time.process_time() - start < 1


plain = st.text(st.characters(exclude_characters="*{}."), max_size=12)


@settings(max_examples=100, deadline=None)
@given(plain, plain, plain.filter(bool))
def test_whatever_stands_around_the_speaker_stands_for_itself(before: str, after: str, speaker: str) -> None:
    assert find_speakers([f"{before}{speaker}{after}.wav"], f"{before}{{speaker}}{after}") == (speaker,)
