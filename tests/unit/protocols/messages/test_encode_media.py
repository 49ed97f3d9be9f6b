"""Images, documents and cache marks of a request."""

import base64
from typing import Any

import pytest
from tests.unit.protocols.messages.kit import ask, drops, render, target, through, user

from plexus.ir.chat import Message, Tool
from plexus.ir.parts import CacheMark, Media, Text
from plexus.ir.target import Dialect

PNG, JPEG, PDF = "iVBORw0KGgoAAAANSUhEUg==", "/9j/4AAQSkZJRg==", "JVBERi0xLjQK"


def block_for(media: Media, to=None, **fields):
    rendered = render(ask(user(media, "see"), **fields), to or target())
    content = rendered.body["messages"][0]["content"]
    return (content[0] if isinstance(content, list) else None), drops(rendered)


def embedded(mime: str, data: str):
    return {"type": "base64", "media_type": mime, "data": data}


@pytest.mark.parametrize(
    ("media", "source"),
    [
        (Media(kind="image", mime="image/webp", data="UklGRg=="), embedded("image/webp", "UklGRg==")),
        (Media(kind="image", mime="image/jpg", data=JPEG), embedded("image/jpeg", JPEG)),
        (Media(kind="image", data=PNG), embedded("image/png", PNG)),
        (Media(kind="image", url=f"data:image/png;base64,{PNG}"), embedded("image/png", PNG)),
        (Media(kind="image", url="https://a.test/b"), {"type": "url", "url": "https://a.test/b"}),
    ],
)
def test_087_images_arrive_with_their_bytes_and_type(media: Media, source: dict) -> None:
    assert block_for(media) == ({"type": "image", "source": source}, [])


def test_087_an_address_nobody_but_its_vendor_can_read_is_reported() -> None:
    assert block_for(Media(kind="image", url="gs://bucket/a.png"))[1] == [("dropped", "messages[0].parts[0]")]


def test_the_bytes_decide_when_the_type_is_wrong() -> None:
    block, lost = block_for(Media(kind="image", mime="image/png", data=JPEG))
    assert block["source"]["media_type"] == "image/jpeg"
    assert lost == [("repaired", "messages[0].parts[0].mime")]


def test_204_an_empty_image_is_never_sent() -> None:
    block, lost = block_for(Media(kind="image", mime="image/png"))
    assert block is None
    assert lost == [("dropped", "messages[0].parts[0]")]


def test_204_documents_arrive_with_their_bytes_title_and_context() -> None:
    media = Media(kind="document", mime="application/pdf", data=PDF, name="Paper", context="C", cite=True)
    assert block_for(media) == (
        {
            "type": "document",
            "source": embedded("application/pdf", PDF),
            "title": "Paper",
            "context": "C",
            "citations": {"enabled": True},
        },
        [],
    )


def test_204_text_documents_are_text_sources() -> None:
    csv = base64.b64encode(b"a,b\n1,2").decode()
    wanted = {"type": "text", "media_type": "text/plain", "data": "a,b\n1,2"}
    assert block_for(Media(kind="document", mime="text/csv", data=csv))[0]["source"] == wanted
    assert block_for(Media(kind="document", text="a,b\n1,2"))[0]["source"] == wanted


def test_documents_of_types_the_api_refuses_are_reported() -> None:
    binary = base64.b64encode(b"PK\x03\x04\xff\xfe").decode()
    media = Media(kind="document", mime="application/vnd.openxmlformats", data=binary)
    assert block_for(media) == (None, [("dropped", "messages[0].parts[0]")])


def test_a_picture_sent_as_a_document_is_an_image_block() -> None:
    assert block_for(Media(kind="document", mime="image/png", data=PNG))[0]["type"] == "image"


@pytest.mark.parametrize("kind", ["audio", "video"])
def test_audio_and_video_are_reported(kind: str) -> None:
    assert block_for(Media(kind=kind, mime=f"{kind}/mp4", data="AAAA")) == (None, [("dropped", "messages[0].parts[0]")])


def test_media_the_model_does_not_take_are_reported() -> None:
    blind = target(inputs=("document",))
    assert block_for(Media(kind="image", data=PNG), blind) == (None, [("dropped", "messages[0].parts[0]")])


def test_files_kept_at_another_provider_are_reported_and_our_own_are_sent() -> None:
    media = Media(kind="image", file_id="file-1")
    assert block_for(media) == (None, [("dropped", "messages[0].parts[0]")])
    assert block_for(media, protocol="messages")[0] == {
        "type": "image",
        "source": {"type": "file", "file_id": "file-1"},
    }


def test_a_wish_for_resolution_is_reported() -> None:
    assert block_for(Media(kind="image", data=PNG, detail="high"))[1] == [("dropped", "messages[0].parts[0].detail")]


def test_sources_and_search_results_of_this_protocol_go_back_whole() -> None:
    content = [
        {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "a"}]}, "title": "T"},
        {
            "type": "search_result",
            "source": "https://s",
            "title": "T",
            "content": [{"type": "text", "text": "a"}],
            "citations": {"enabled": True},
            "cache_control": {"type": "ephemeral"},
        },
        {"type": "image", "source": {"type": "url", "url": "https://a.test"}, "transformations": {}},
        {"type": "image", "source": {"type": "of_tomorrow", "x": 1}},
    ]
    assert through(messages=[{"role": "user", "content": content}])["messages"][0]["content"] == content


MARK = {"type": "ephemeral"}


def test_077_marks_survive_on_system_tools_results_and_documents() -> None:
    body: dict[str, Any] = {
        "system": [{"type": "text", "text": "s", "cache_control": MARK}],
        "tools": [{"name": "t", "input_schema": {"type": "object"}, "cache_control": {**MARK, "ttl": "1h"}}],
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "document", "source": embedded("application/pdf", PDF), "cache_control": MARK},
                    {"type": "text", "text": "x"},
                ],
            },
            {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "t", "input": {}}]},
            {
                "role": "user",
                "content": [{"type": "tool_result", "tool_use_id": "a", "content": "r", "cache_control": MARK}],
            },
        ],
    }
    sent = through(**body)
    assert {key: sent[key] for key in body} == body


def test_078_a_plain_string_message_takes_no_other_mark_away() -> None:
    request = ask(
        Message(role="system", parts=[Text(text="s", cache=CacheMark())]),
        user(Text(text="a", cache=CacheMark())),
        user("plain"),
    )
    body = render(request).body
    assert body["system"][0]["cache_control"] == MARK
    assert body["messages"][0]["content"][0]["cache_control"] == MARK
    assert body["messages"][1]["content"] == "plain"


def test_079_never_more_than_four_marks_the_last_ones_stay_and_the_rest_is_reported() -> None:
    request = ask(
        Message(role="system", parts=[Text(text="s", cache=CacheMark("1h"))]),
        *(user(Text(text=str(n), cache=CacheMark())) for n in range(3)),
        tools=[Tool(name="t", cache=CacheMark("1h"))],
        cache=CacheMark(),
    )
    rendered = render(request)
    body = rendered.body
    assert body["cache_control"] == MARK
    assert "cache_control" not in body["tools"][0]
    assert body["system"] == [{"type": "text", "text": "s"}]
    assert [message["content"][0].get("cache_control") for message in body["messages"]] == [MARK] * 3
    assert drops(rendered) == [("dropped", "tools[0].cache_control"), ("dropped", "system[0].cache_control")]


def test_079_marks_inside_results_count_too() -> None:
    inner = [{"type": "text", "text": str(n), "cache_control": MARK} for n in range(3)]
    messages: list[dict[str, Any]] = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "t", "input": {}}]},
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "a", "content": inner, "cache_control": MARK},
                {"type": "text", "text": "x", "cache_control": MARK},
            ],
        },
    ]
    sent = through(messages=messages)["messages"][2]["content"]
    assert ["cache_control" in block for block in sent[0]["content"]] == [False, True, True]
    assert messages[2]["content"][0]["content"] == inner


def test_079_lifetimes_are_removed_for_targets_that_refuse_them() -> None:
    request = ask(user(Text(text="a", cache=CacheMark("1h"))))
    rendered = render(request, target(dialect=Dialect(cache_ttl=False)))
    assert rendered.body["messages"][0]["content"][0]["cache_control"] == MARK
    assert drops(rendered) == [("approximated", "messages[0].parts[0].cache.ttl")]


def test_the_mark_of_an_empty_text_moves_to_the_block_before_it() -> None:
    body = render(ask(user("a", Text(text="", cache=CacheMark())))).body
    assert body["messages"][0]["content"] == [{"type": "text", "text": "a", "cache_control": MARK}]
