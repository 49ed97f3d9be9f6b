"""Which session a request belongs to, and which target it stays with (statements 154, 155)."""

import pytest

from plexus.core.json import dumps
from plexus.routing.session_id import OPENINGS, Session, of_response, session_of
from plexus.routing.sessions import SessionKey, Sessions


def session(protocol: str, body: dict, *headers: tuple[bytes, bytes]) -> Session | None:
    raw = {name: dumps(value) for name, value in body.items()}
    return session_of(headers, raw.get, OPENINGS[protocol])


def said(role: str, text: str, **more) -> dict:
    return {"role": role, "content": text, **more}


HELLO, ANSWER, MORE = said("user", "hello"), said("assistant", "hi"), said("user", "more")


@pytest.mark.parametrize(
    "header",
    [b"x-claude-code-session-id", b"session-id", b"session_id", b"x-session-id", b"x-session-affinity", b"thread-id"],
)
def test_a_clients_session_header_names_the_session(header):
    one = session("messages", {"messages": [HELLO]}, (header, b"s1"))
    assert one is not None
    assert one.continued
    assert one == session("messages", {"messages": [MORE]}, (b"accept", b"x"), (header, b"s1"))
    assert one != session("messages", {"messages": [HELLO]}, (header, b"s2"))


def test_the_response_it_continues_comes_before_everything_else():
    body = {"previous_response_id": "resp_1", "input": [HELLO], "prompt_cache_key": "k"}
    assert session("responses", body, (b"session-id", b"s")) == of_response("resp_1")


@pytest.mark.parametrize(
    "body",
    [
        {"prompt_cache_key": "k"},
        {"metadata": {"user_id": "user_1_session_2"}},
        {"metadata": {"session_id": "s"}},
        {"client_metadata": {"thread_id": "t"}},
    ],
)
def test_a_session_named_in_the_body_is_taken(body):
    one = session("chat", {**body, "messages": [HELLO]})
    assert one is not None
    assert one.continued
    assert one == session("chat", {**body, "messages": [MORE]})


OPENED = [
    ("chat", {"messages": [said("system", "s"), HELLO]}, {"messages": [said("system", "s"), HELLO, ANSWER, MORE]}),
    ("messages", {"system": "s", "messages": [HELLO]}, {"system": "s", "messages": [HELLO, ANSWER, MORE]}),
    ("responses", {"instructions": "s", "input": [HELLO]}, {"instructions": "s", "input": [HELLO, ANSWER, MORE]}),
    (
        "gemini",
        {"contents": [{"parts": [{"text": "hello"}]}]},
        {"contents": [{"parts": [{"text": "hello"}]}, {"role": "model", "parts": []}, {"role": "user", "parts": []}]},
    ),
]


@pytest.mark.parametrize(("protocol", "first", "second"), OPENED, ids=[row[0] for row in OPENED])
def test_else_the_opening_turns_name_it_once_the_conversation_goes_on(protocol, first, second):
    begun, gone_on = session(protocol, first), session(protocol, second)
    assert begun is not None
    assert gone_on is not None
    assert begun.id == gone_on.id
    assert (begun.continued, gone_on.continued) == (False, True)


def test_cache_marks_that_move_on_do_not_change_the_session():
    marked = {"role": "user", "content": [{"type": "text", "text": "hello", "cache_control": {"type": "ephemeral"}}]}
    plain = {"role": "user", "content": [{"type": "text", "text": "hello"}]}
    first, second = session("messages", {"messages": [marked]}), session("messages", {"messages": [plain, ANSWER]})
    assert first is not None
    assert second is not None
    assert first.id == second.id


def test_other_system_prompts_and_other_first_turns_are_other_sessions():
    ids = {
        found.id
        for system in ("s", "t")
        for turn in (HELLO, MORE, said("user", "hello" * 50_000))
        if (found := session("messages", {"system": system, "messages": [turn]})) is not None
    }
    assert len(ids) == 6


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"messages": "text"},
        {"messages": []},
        {"messages": [ANSWER]},
        {"messages": [3, None]},
        {"messages": [{"role": 7}]},
        {"prompt_cache_key": 5, "metadata": [1], "messages": {}},
        {"metadata": {"user_id": None}},
    ],
)
def test_a_request_that_tells_nothing_belongs_to_no_session(body):
    assert session("chat", body) is None


def test_155_nothing_is_shared_across_keys_protocols_and_aliases():
    sessions = Sessions()
    mine = SessionKey("alice", "chat", "fast", "s")
    sessions.served(mine, "p", "a")
    assert sessions.target(mine) == ("p", "a")
    for other in (("bob", "chat", "fast"), ("alice", "messages", "fast"), ("alice", "chat", "smart")):
        assert sessions.target(SessionKey(*other, "s")) is None


def test_the_last_target_that_answered_counts():
    sessions, key = Sessions(), SessionKey("k", "chat", "a", "s")
    sessions.served(key, "p", "a")
    sessions.served(key, "q", "b")
    assert sessions.target(key) == ("q", "b")


def test_memory_is_bounded_and_the_longest_unused_leaves():
    sessions = Sessions(size=2)
    keys = [SessionKey("k", "chat", "a", name) for name in "xyz"]
    sessions.served(keys[0], "p", "m")
    sessions.served(keys[1], "p", "m")
    assert sessions.target(keys[0]) is not None
    sessions.served(keys[2], "p", "m")
    assert [sessions.target(key) is not None for key in keys] == [True, False, True]
    sessions.size = 0
    sessions.served(keys[0], "p", "m")
    assert len(sessions) == 0


def test_forgetting_is_exact():
    sessions = Sessions()
    for name, model in (("x", "gpt-4o"), ("y", "gpt-4o-mini"), ("z", "gpt-4o")):
        sessions.served(SessionKey("k", "chat", "a", name), "p", model)
    assert sessions.forget("p", "gpt-4o") == 2
    assert sessions.forget("q") == 0
    assert sessions.forget("p") == 1
