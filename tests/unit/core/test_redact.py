"""Cleaning of text that somebody else wrote."""

import time

import pytest

from plexus.core.redact import clean_message, redact


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("Incorrect API key provided: sk-proj-abc123def456. You can find", "abc123def456"),
        ("Incorrect API key provided: invalid-*****2345. You can find", "2345"),
        ("Incorrect API key provided: <not-a-r****key>.", "not-a-r"),
        ("key sk-ant-api03-AAAA_BBBB-CCCC is wrong", "AAAA_BBBB"),
        ("key sk-or-v1-0123456789abcdef", "0123456789abcdef"),
        ("gsk_abcdefgh12345678 refused", "abcdefgh12345678"),
        ("xai-abcdefgh12345678 refused", "abcdefgh12345678"),
        ("hf_abcdefghijklmnop refused", "abcdefghijklmnop"),
        ("header Authorization: Bearer abcdef123456", "abcdef123456"),
        ("bearer abc.def.ghi-123", "abc.def"),
        ("Basic dXNlcjpwYXNzd29yZA==", "dXNlcjpwYXNz"),
        ("at https://h.test/v1?key=AIzaSyA1234567890abcdefg&x=1", "AIzaSyA1234567890"),
        ("at https://h.test/v1?key=abcdef12&x=1", "abcdef12"),
        ("api_key='hunter22'", "hunter22"),
        ('{"api_key": "hunter22hunter"}', "hunter22hunter"),
        ('{"x-api-key":"hunter22hunter"}', "hunter22hunter"),
        ("password: s3cr3tpass", "s3cr3tpass"),
        ("token=ya29.a0AfH6SMBx-long", "a0AfH6SMBx"),
        ("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.sig", "eyJzdWIiOiIxIn0"),
        ("AKIAIOSFODNN7EXAMPLE is not allowed", "IOSFODNN7"),
    ],
)
def test_136_what_looks_like_a_credential_is_taken_out(text, secret):
    assert secret not in redact(text)
    assert "[redacted]" in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "The model `gpt-x` does not exist",
        "You can find your API key at https://platform.openai.com/account/api-keys.",
        "Missing required key: messages",
        "Unsupported parameter: 'max_tokens' is not supported with this model.",
        "please check the api-key you provided",
        "Rate limit exceeded: limit_rpm/meta-llama/llama-3.2-3b-instruct",
        "max_tokens=100 is too large",
    ],
)
def test_ordinary_text_stays_as_it_is(text):
    assert redact(text) == text
    assert clean_message(text) == text


def test_local_paths_and_tracebacks_are_taken_out_and_urls_stay():
    text = (
        "see https://a.test/home/x and /home/ann/app/main.py line 3\nTraceback (most recent call last):\n  File secrets"
    )
    assert clean_message(text) == "see https://a.test/home/x and [path] line 3"


def test_a_message_is_cut_at_its_limit_in_bytes_without_breaking_a_character():
    cut = clean_message("ž" * 2000)
    assert len(cut.encode()) <= 1024
    assert cut.endswith("…")
    assert clean_message("ž" * 500) == "ž" * 500


def test_control_characters_and_broken_unicode_are_made_harmless():
    assert clean_message("a\x00\x1b[31mb\ud800") == "a [31mb?"


@pytest.mark.parametrize(
    "text",
    [
        "key" * 20000,
        "bearer " * 9000,
        "sk-" * 20000,
        "key: " + "a" * 60000,
        "/home/" * 10000,
        "token" + " " * 60000,
        'key"' * 15000,
    ],
)
def test_191_the_work_grows_with_the_length_of_the_text_only(text):
    began = time.process_time()
    clean_message(text)
    assert time.process_time() - began < 0.5
