"""Token estimates: near what the vendors count, without a tokenizer."""

import base64
import json
import struct

import pytest
from tests.corpus.recordings import select

from plexus.ir.chat import ChatRequest, Message, OutputFormat, Tool
from plexus.ir.estimate import estimate, image_tokens, text_tokens
from plexus.ir.image_size import image_size
from plexus.ir.parts import Media, Opaque, Origin, Part, Text, Thinking, ToolCall, ToolResult
from plexus.protocols.messages import PROTOCOL


def asked(*parts: Part, protocol: str = "messages", **fields) -> ChatRequest:
    return ChatRequest(protocol=protocol, model="m", messages=[Message(role="user", parts=list(parts))], **fields)


def png(width: int, height: int) -> str:
    head = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height)
    return base64.b64encode(head + b"\x08\x06" + bytes(1000)).decode()


def jpeg(width: int, height: int) -> str:
    metadata = b"\xff\xe1" + struct.pack(">H", 20_002) + bytes(20_000)
    frame = b"\xff\xff\xc2" + struct.pack(">HBHH", 17, 8, height, width)
    return base64.b64encode(b"\xff\xd8" + metadata + frame + bytes(20)).decode()


def webp(kind: bytes, body: bytes) -> str:
    return base64.b64encode(b"RIFF\0\0\0\0WEBP" + kind + b"\0\0\0\0" + body + bytes(20)).decode()


@pytest.mark.parametrize(
    "data",
    [
        png(640, 480),
        jpeg(640, 480),
        base64.b64encode(b"GIF89a" + struct.pack("<HH", 640, 480)).decode(),
        webp(b"VP8X", bytes(4) + (639).to_bytes(3, "little") + (479).to_bytes(3, "little")),
        webp(b"VP8L", b"\x2f" + ((639) | (479 << 14)).to_bytes(4, "little")),
        webp(b"VP8 ", bytes(3) + b"\x9d\x01\x2a" + struct.pack("<HH", 640, 480)),
    ],
)
def test_the_size_of_an_image_is_read_from_its_first_bytes(data: str) -> None:
    assert image_size(data) == (640, 480)


@pytest.mark.parametrize(
    "data", ["", "!!!!", "AAAA", png(0, 5), base64.b64encode(b"\xff\xd8\xff").decode(), webp(b"VP9 ", b"")]
)
def test_bytes_that_show_no_size_give_none(data: str) -> None:
    assert image_size(data) is None


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("The quick brown fox jumps over the lazy dog. " * 20, 190, 250),
        ("快速的棕色狐狸跳过懒狗。" * 20, 130, 280),
        ("これはペンです。" * 20, 80, 180),
        ("Съешь ещё этих мягких французских булок. " * 10, 120, 250),
        ("Die Grüße für Übermorgen sind schön. " * 10, 80, 120),
    ],
)
def test_text_is_counted_by_its_script(text: str, least: int, most: int) -> None:
    assert least <= text_tokens(text) <= most


@pytest.mark.parametrize(
    ("size", "vendor", "detail", "tokens"),
    [
        ((200, 200), "messages", "", 53),
        ((1000, 1000), "messages", "", 1333),
        ((4000, 3000), "messages", "", 1600),
        (None, "messages", "", 1000),
        ((1024, 1024), "chat", "", 765),
        ((2048, 4096), "responses", "", 1105),
        ((4096, 4096), "chat", "low", 85),
        ((300, 200), "gemini", "", 258),
        ((1000, 1000), "gemini", "", 1032),
        (None, "gemini", "", 258),
    ],
)
def test_images_are_counted_by_the_vendors_formula(size, vendor: str, detail: str, tokens: int) -> None:
    assert round(image_tokens(size, vendor, detail)) == tokens


def test_the_vendor_asked_for_counts() -> None:
    picture = asked(Media(kind="image", data=png(1000, 1000)))
    assert estimate(picture) > 1300
    assert 700 < estimate(picture, "chat") < 800


@pytest.mark.parametrize(
    "more",
    [
        {"tools": [Tool(name="look", description="Look it up.", schema={"type": "object", "properties": {"q": {}}})]},
        {"tools": [Tool(name="web_search", kind="web_search", raw={"type": "web_search_20250305"})]},
        {"output": OutputFormat(kind="schema", schema={"type": "object", "properties": {"answer": {}}})},
    ],
)
def test_tools_and_schemas_are_counted(more: dict) -> None:
    assert (
        estimate(asked(Text(text="hi"), protocol="chat", **more))
        > estimate(asked(Text(text="hi"), protocol="chat")) + 5
    )


@pytest.mark.parametrize(
    "part",
    [
        Thinking(text="a thought that is not short"),
        ToolCall(id="t", name="look", arguments='{"city":"Bonn"}'),
        ToolResult(call_id="t", parts=[Text(text="sunny and quite warm for the time")]),
        Opaque(kind="x", raw={"type": "x", "text": "something"}, origin=Origin("messages")),
        Media(kind="document", text="a plain document with text"),
        Media(kind="document", data=base64.b64encode(b"%PDF /Type /Page /Type /Pages").decode()),
        Media(kind="document", url="https://a.test/b.pdf"),
        Media(kind="audio", data="A" * 100_000),
        Media(kind="image", url="https://a.test/b.png"),
    ],
)
def test_every_kind_of_part_costs_something(part: Part) -> None:
    assert estimate(asked(Text(text="hi"), part)) > estimate(asked(Text(text="hi"))) + 5


def test_pages_of_a_document_are_counted() -> None:
    def pages(count: int) -> ChatRequest:
        return asked(Media(kind="document", data=base64.b64encode(b"%PDF" + b" /Type /Page " * count).decode()))

    assert estimate(pages(3)) > 2.5 * estimate(pages(1))


def test_an_empty_request_costs_at_least_one_token() -> None:
    assert estimate(ChatRequest(protocol="chat", model="m", messages=[])) == 1


def test_the_work_is_linear_in_the_text() -> None:
    assert estimate(asked(Text(text="é" * 2_000_000))) > 100_000


def test_recorded_requests_are_estimated_within_a_factor_of_two() -> None:
    """Those whose input is seen in full: no server-side tools, files or addresses, no vendor's prompt for thinking."""
    ratios = []
    for recording in select("messages", part="open", streaming=False, keep=lambda r: r.status == 200):
        body = recording.request
        if not isinstance(body, dict) or "count_tokens" in recording.path:
            continue
        usage = json.loads(recording.response_body)["usage"]
        real = sum(usage.get(f"{kind}input_tokens") or 0 for kind in ("", "cache_read_", "cache_creation_"))
        trained = [tool for tool in body.get("tools", []) if tool.get("type", "custom") != "custom"]
        served = trained or {"thinking", "mcp_servers", "container"} & body.keys()
        elsewhere = any(word in str(recording.request_body) for word in ('"file', '"url"'))
        if real > 60 and not served and not elsewhere:
            ratios.append(estimate(PROTOCOL.decode_request(body, "m", False)) / real)
    assert ratios
    assert all(0.5 < ratio < 2 for ratio in ratios)
