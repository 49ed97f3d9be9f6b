"""P16: a variable that is empty, malformed or missing is refused with one clear line each, before anything starts."""

from pathlib import Path

import pytest

from plexus.settings.database_url import database_address
from plexus.settings.environment import read_environment
from plexus.settings.problems import ConfigurationError

KEY = "Zk3v-uH9_qLw7TnXc2Rb"


def refused(**variables):
    with pytest.raises(ConfigurationError) as error:
        read_environment({"ADMIN_KEY": KEY, **variables})
    return str(error.value)


def test_only_the_admin_key_is_needed():
    environment = read_environment({"ADMIN_KEY": KEY, "HOME": "", "UNKNOWN": "x"})
    assert environment.admin_key is not None
    assert environment.admin_key.reveal() == KEY
    assert (environment.host, environment.port) == ("127.0.0.1", 4000)
    assert (environment.log_level, environment.log_format) == ("info", "console")
    assert KEY not in repr(environment)


def test_without_an_admin_key_it_says_how_to_make_one():
    with pytest.raises(ConfigurationError, match=r"^environment: ADMIN_KEY: is not set .*secrets.token_urlsafe\(32\)"):
        read_environment({})
    assert read_environment({}, needs_admin_key=False).admin_key is None


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("ADMIN_KEY", "", "set but empty"),
        ("ADMIN_KEY", "short", "shorter than 16"),
        ("ADMIN_KEY", KEY + "\n", "line break"),
        ("ADMIN_KEY", "ключключключключ", "outside ASCII"),
        ("ADMIN_KEY", "aaaaaaaaaaaaaaaaaaaa", "easy to guess"),
        ("ADMIN_KEY", "passwordpassword", "easy to guess"),
        ("ADMIN_KEY", "1234567890abcdefgh", "easy to guess"),
        ("ADMIN_KEY", "changeme-changeme-1", "easy to guess"),
        ("ADMIN_KEY", "Admin-Password-2026!", "easy to guess"),
        ("ADMIN_KEY", "sk-your-secret-key-1234", "easy to guess"),
        ("ADMIN_KEY", "plexus-admin-key", "easy to guess"),
        ("PORT", "", "set but empty"),
        ("PORT", "abc", "not the number of a port"),
        ("PORT", "0", "not the number of a port"),
        ("PORT", "65536", "not the number of a port"),
        ("PORT", "-1", "not the number of a port"),
        ("PORT", "٤٠٠٠", "not the number of a port"),
        ("PORT", "9" * 10_000, "not the number of a port"),
        ("HOST", " ", "set but empty"),
        ("HOST", "http://x", "neither an address"),
        ("HOST", "300.1.1.1", "neither an address"),
        ("LOG_LEVEL", "loud", "not a level"),
        ("LOG_FORMAT", "xml", "not a format"),
        ("PLEXUS_CONFIG_PATH", "", "set but empty"),
        ("DATA_DIR", "\t", "set but empty"),
        ("DATABASE_URL", "", "set but empty"),
        ("DATABASE_URL", "plexus.db", "no URL"),
        ("DATABASE_URL", "mysql://h/d", "neither SQLite nor PostgreSQL"),
        ("DATABASE_URL", "sqlite://data/plexus.db", "two slashes"),
        ("DATABASE_URL", "sqlite:", "names no file"),
        ("DATABASE_URL", "sqlite::memory:", "names no file"),
        ("DATABASE_URL", "sqlite:///data/", "names no file"),
        ("DATABASE_URL", "sqlite:a.db?mode=ro", "options"),
        ("DATABASE_URL", "postgres:h/d", "no readable host"),
        ("DATABASE_URL", "postgres://u:p@h:port/d", "no readable host"),
        ("DATABASE_URL", "postgres://u:p@h", "names no database"),
        ("ENCRYPTION_KEY", "", "set but empty"),
        ("ENCRYPTION_KEY", "short", "shorter than 16"),
        ("ENCRYPTION_KEY", "ab" * 31, "has 62 of them"),
        ("ENCRYPTION_KEY", "ab" * 32 + "\n", "line break"),
        ("REDIS_URL", "http://h", "not the URL of a Redis"),
        ("REDIS_URL", "redis://", "not the URL of a Redis"),
        ("REDIS_URL", "redis://h:x", "not the URL of a Redis"),
    ],
)
def test_p16_a_bad_value_is_one_line_that_does_not_repeat_it(name, value, said):
    text = refused(**{name: value})
    assert text.startswith(f"environment: {name}: ")
    assert said in text
    assert "\n" not in text
    assert len(value) < 9 or value not in text


def test_all_bad_values_are_told_at_once():
    assert len(refused(PORT="x", LOG_LEVEL="x", HOST="").splitlines()) == 3


@pytest.mark.parametrize(
    ("name", "value", "field", "read"),
    [
        ("PORT", "8080", "port", 8080),
        ("HOST", "0.0.0.0", "host", "0.0.0.0"),
        ("HOST", "[::1]", "host", "::1"),
        ("HOST", "gateway.local", "host", "gateway.local"),
        ("LOG_LEVEL", "WARN", "log_level", "warning"),
        ("LOG_FORMAT", "JSON", "log_format", "json"),
        ("PLEXUS_CONFIG_PATH", "a b.yaml", "config_path", Path("a b.yaml")),
    ],
)
def test_good_values_are_read(name, value, field, read):
    assert getattr(read_environment({"ADMIN_KEY": KEY, name: value}), field) == read


@pytest.mark.parametrize("key", ["ab" * 32, "AB" * 32, "a long passphrase with blanks"])
def test_an_encryption_key_is_64_hex_digits_or_a_passphrase(key):
    environment = read_environment({"ADMIN_KEY": KEY, "ENCRYPTION_KEY": key})
    assert environment.encryption_key is not None
    assert environment.encryption_key.reveal() == key


@pytest.mark.parametrize("url", ["redis://h", "valkey://:p@h:6379/0", "rediss://h"])
def test_redis_and_valkey_are_spelled_alike(url):
    assert read_environment({"ADMIN_KEY": KEY, "REDIS_URL": url}).redis_url is not None


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///var/lib/plexus.db", "/var/lib/plexus.db"),
        ("sqlite:////var/lib/plexus.db", "/var/lib/plexus.db"),
        ("sqlite:/var/lib/plexus.db", "/var/lib/plexus.db"),
        ("sqlite://./data/plexus.db", "data/plexus.db"),
        ("sqlite://../plexus.db", "../plexus.db"),
        ("sqlite:data/plexus.db", "data/plexus.db"),
        ("sqlite:a%20b.db", "a b.db"),
    ],
)
def test_every_spelling_of_a_sqlite_file_is_read(url, path):
    assert database_address(url).path == Path(path)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql"])
def test_both_spellings_of_postgresql_are_one(scheme):
    address = database_address(f"{scheme}://u:p@h:5432/d?sslmode=require")
    assert address.dialect == "postgresql"
    assert address.url is not None
    assert address.url.reveal() == "postgresql://u:p@h:5432/d?sslmode=require"
    assert "u:p" not in repr(address)
