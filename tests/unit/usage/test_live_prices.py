"""OpenRouter's live list: taken when it can be meant, refused when not, never empty again, never zero in silence."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from plexus.usage.live_catalogue import LARGEST, Refused, read_list
from plexus.usage.live_prices import LivePrices
from plexus.usage.price import Rates
from plexus.usage.shelf import FileShelf


def listing(**models: Any) -> bytes:
    return json.dumps({"data": [{"id": name, "pricing": entry} for name, entry in models.items()]}).encode()


def per_token(prompt: Any = "0.000003", completion: Any = "0.000015", **more: Any) -> dict[str, Any]:
    return {"prompt": prompt, "completion": completion, **more}


BEFORE = {"a": Rates(input=Decimal(3), output=Decimal(15))}
GOOD = listing(a=per_token(input_cache_read="0.0000003", input_cache_write="0.00000375", image="0.0048", request="0"))


def test_prices_per_token_become_rates_per_million():
    rates = read_list(GOOD, {}).rates["a"]
    assert rates == Rates(input=Decimal(3), output=Decimal(15), cache_read=Decimal("0.3"), cache_write=Decimal("3.75"))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b'{"data": 5}',
        b'{"data": []}',
        b'{"data": [null, 1, {"id": 5}, {"id": "x"}]}',
        GOOD[:-10],
        listing(a={"prompt": "x", "completion": "y"}),
        listing(a=per_token("0", "0")),
        b" " * (LARGEST + 1),
        b"[" * 100_000,
    ],
    ids=lambda body: repr(body[:30]),
)
def test_u58_what_is_no_list_is_refused(body: bytes):
    with pytest.raises(Refused):
        read_list(body, {})


def test_u58_a_list_ten_times_as_long_or_half_as_long_is_refused():
    long = listing(**{f"m{n}": per_token() for n in range(11)})
    with pytest.raises(Refused, match="11 models"):
        read_list(long, BEFORE)
    with pytest.raises(Refused, match="were known"):
        read_list(GOOD, {f"m{n}": BEFORE["a"] for n in range(3)})


@pytest.mark.parametrize(
    "entry",
    [
        per_token("-0.000003"),
        per_token(completion="-1"),
        per_token("0.000031"),
        per_token("0", "0"),
        per_token("NaN"),
        per_token("Infinity"),
        per_token(None),
        per_token([]),
        per_token(True),
        per_token("99999"),
        per_token(input_cache_read="-1"),
        {},
    ],
    ids=str,
)
def test_u58_a_price_that_cannot_be_believed_leaves_the_last_one(entry: dict[str, Any]):
    listed = read_list(listing(a=entry, b=per_token()), BEFORE)
    assert listed.rates["a"] == BEFORE["a"]
    assert len(listed.remarks) == 1
    assert listed.remarks[0].startswith("a: ")


def test_a_price_that_was_never_known_and_cannot_be_believed_is_unknown():
    assert "a" not in read_list(listing(a=per_token("-0.1"), b=per_token()), {}).rates


def test_a_price_that_depends_on_the_route_is_unknown_without_a_remark():
    listed = read_list(listing(auto=per_token("-1", "-1"), b=per_token()), {})
    assert "auto" not in listed.rates
    assert listed.remarks == ()


def test_a_free_model_that_was_always_free_is_free():
    assert read_list(listing(free=per_token("0", "0"), b=per_token()), {}).rates["free"].input == 0


def test_remarks_are_bounded():
    many = {f"m{n}": per_token("-5") for n in range(100)}
    remarks = read_list(listing(**many, b=per_token()), {}).remarks
    assert (len(remarks), remarks[-1]) == (21, "and 80 more")


def fetched(body: bytes | Exception) -> Any:
    async def fetch() -> bytes:
        if isinstance(body, Exception):
            raise body
        return body

    return fetch


@pytest.mark.parametrize(
    "broken", [OSError("no route"), TimeoutError(), ValueError("bad"), b"<html>", listing(a=per_token("-9"))]
)
async def test_u58_whatever_comes_the_last_good_list_stays(broken: bytes | Exception, tmp_path: Path):
    said: list[str] = []
    live = LivePrices(FileShelf(tmp_path / "prices.json"), said.append)
    assert live.rates("a") is None
    assert await live.refresh(fetched(GOOD))
    known, version = live.rates("a"), live.version
    await live.refresh(fetched(broken))
    assert live.rates("a") == known
    assert live.version == version
    assert len(said) == 1


async def test_the_last_good_list_outlives_the_process(tmp_path: Path):
    shelf = FileShelf(tmp_path / "folder" / "prices.json")
    await LivePrices(shelf, print).refresh(fetched(GOOD))
    said: list[str] = []
    again = LivePrices(shelf, said.append)
    assert again.rates("a") == read_list(GOOD, {}).rates["a"]
    assert said == []
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["prices.json"]


@pytest.mark.parametrize("damaged", [b"{", b"[]", b'{"a": {"input": "x"}}', b"\x00"])
def test_a_damaged_file_is_passed_over_with_a_warning(damaged: bytes, tmp_path: Path):
    (tmp_path / "prices.json").write_bytes(damaged)
    said: list[str] = []
    assert LivePrices(FileShelf(tmp_path / "prices.json"), said.append).rates("a") is None
    assert len(said) == 1


def test_a_negative_price_in_the_file_is_not_believed(tmp_path: Path):
    (tmp_path / "prices.json").write_bytes(b'{"a": {"input": "-3", "output": "15"}}')
    assert LivePrices(FileShelf(tmp_path / "prices.json"), print).rates("a") is None


async def test_a_disk_that_is_full_keeps_the_prices_in_memory():
    class Full:
        def load(self) -> bytes | None:
            raise PermissionError(13, "Permission denied")

        def save(self, data: bytes) -> None:
            raise OSError(28, "No space left on device")

    said: list[str] = []
    live = LivePrices(Full(), said.append)
    assert await live.refresh(fetched(GOOD))
    assert live.rates("a") is not None
    assert [sentence.split(": ")[-1] for sentence in said] == [
        "Permission denied",
        "No space left on device. It is kept in memory.",
    ]


async def test_a_list_that_says_the_same_changes_no_version(tmp_path: Path):
    live = LivePrices(FileShelf(tmp_path / "prices.json"), print)
    await live.refresh(fetched(GOOD))
    version = live.version
    assert await live.refresh(fetched(GOOD))
    assert live.version == version
