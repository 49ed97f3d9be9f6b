"""Durations, sizes, names and networks are read in every spelling that is documented, and nothing else is."""

import pytest
from pydantic import TypeAdapter, ValidationError

from plexus.settings.scalars import Duration, HeaderName, Name, Networks, Size, Unquoted, json_typed


def read(kind, value):
    return TypeAdapter(kind).validate_python(value)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("30s", 30),
        ("5m", 300),
        ("2h30m", 9000),
        ("1d", 86_400),
        ("250ms", 0.25),
        ("1.5h", 5400),
        (30, 30),
        ("30", 30),
        (0, 0),
        (0.5, 0.5),
        ("1d 2h", 93_600),
        ("0s", 0),
    ],
)
def test_durations_are_seconds(written, seconds):
    assert read(Duration, written) == seconds


@pytest.mark.parametrize(
    "written", ["abc", "", "-1s", -1, "5 minutes", "1e99s", 1e99, True, None, [], "s", "1x", "9" * 99]
)
def test_what_is_no_duration_is_refused(written):
    with pytest.raises(ValidationError):
        read(Duration, written)


@pytest.mark.parametrize(
    ("written", "size"),
    [
        ("64MB", 64_000_000),
        ("64KiB", 65_536),
        ("2GB", 2_000_000_000),
        ("1.5 mib", 1_572_864),
        (10, 10),
        ("10", 10),
        ("10B", 10),
        ("1TiB", 1024**4),
    ],
)
def test_sizes_are_bytes(written, size):
    assert read(Size, written) == size


@pytest.mark.parametrize("written", ["", "MB", "64XB", -1, True, "-1MB", None, "9" * 50])
def test_what_is_no_size_is_refused(written):
    with pytest.raises(ValidationError):
        read(Size, written)


@pytest.mark.parametrize("written", ["gpt-4o", "vendor/model:free", "a b", "модель", "4.5", Unquoted("4.10")])
def test_names_hold_slashes_colons_and_any_letters(written):
    assert read(Name, written) == written
    assert type(read(Name, written)) is str


@pytest.mark.parametrize(
    "written", ["", " a", "a ", "a\nb", "a\u200bb", "a\u202eb", "\x00", "x" * 257, 4, True, "a\u2028b"]
)
def test_c19_names_hide_nothing(written):
    with pytest.raises(ValidationError):
        read(Name, written)


def test_header_names_are_lower_case_and_never_those_that_frame_a_message():
    assert read(HeaderName, "X-Team") == "x-team"
    for name in ("Host", "content-length", "Transfer-Encoding", "a b", "a:", "é", ""):
        with pytest.raises(ValidationError):
            read(HeaderName, name)


def test_networks_are_addresses_networks_and_ranges():
    found = read(Networks, ["10.0.0.1", "10.1.0.5/16", "192.168.0.0-192.168.0.3", "::1"])
    assert [str(network) for network in found] == ["10.0.0.1/32", "10.1.0.0/16", "192.168.0.0/30", "::1/128"]
    assert read(Networks, found) == found
    for written in (["x"], ["10.0.0.9-10.0.0.1"], ["::1-10.0.0.1"], "10.0.0.1", [None], ["10.0.0.0/33"]):
        with pytest.raises(ValidationError):
            read(Networks, written)


def test_free_values_get_their_json_type():
    written = {"a": Unquoted("1.50"), "b": [Unquoted("2"), "3", Unquoted("true"), None], "c": {"d": Unquoted("1e3")}}
    assert json_typed(written) == {"a": 1.5, "b": [2, "3", True, None], "c": {"d": 1000.0}}
    assert json_typed(Unquoted("9" * 100)) == "9" * 100
