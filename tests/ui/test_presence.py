"""Who is here: by their sessions, of which each person has a bounded number."""

from itertools import count

from cnnviz.ui.presence import MAX_SESSIONS, Presence, Sighting


def test_everybody_is_where_their_last_open_session_is() -> None:
    clock = count()
    presence = Presence(lambda: float(next(clock)))
    for owner, session, page in [("anna", "a", "Train"), ("bert", "b", "Data"), ("anna", "c", "Runs")]:
        presence.note(owner, session, page)
    assert presence.last_sightings(lambda session: session == "a") == {
        "anna": Sighting("Train", 0.0, is_here=True),
        "bert": Sighting("Data", 1.0, is_here=False),
    }


def test_sessions_noted_longest_ago_are_forgotten() -> None:
    presence = Presence(lambda: 0.0)
    for number in range(10 * MAX_SESSIONS):
        presence.note("anna", str(number), "Train")
        presence.note("anna", "the first", "Runs")
    assert presence.last_sightings({"the first"}.__contains__)["anna"].is_here
    presence = Presence(lambda: 0.0)
    for number in range(10 * MAX_SESSIONS):
        presence.note("anna", str(number), "Train")
    assert not presence.last_sightings({"0"}.__contains__)["anna"].is_here
