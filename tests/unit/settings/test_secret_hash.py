"""The forms of a kept secret, and a configuration's way into the database: keyed hashes only, and nothing else is changed."""

import os

import pytest
import yaml

from plexus.app import known
from plexus.core.secret import Secret
from plexus.settings.export import foreign, without_client_secrets
from plexus.settings.file_home import settings_in
from plexus.settings.schema import Settings
from plexus.settings.secret_hash import FORM, fingerprint, is_foreign, keyed, plain, stored

PEPPER, OTHER = Secret("p" * 64), Secret("q" * 64)
SECRET = Secret("sk-of-alice-0123456789")


def test_a_keyed_form_is_had_from_the_secret_and_from_its_plain_hash_alike():
    assert keyed(plain(SECRET), PEPPER) == stored(SECRET, PEPPER)
    assert keyed(stored(SECRET, PEPPER), PEPPER) == keyed(stored(SECRET, PEPPER), OTHER) == stored(SECRET, PEPPER)
    assert keyed(plain(SECRET), None) == stored(SECRET) == plain(SECRET)
    assert all(FORM.fullmatch(form) for form in (plain(SECRET), stored(SECRET, PEPPER)))


def test_a_form_of_another_pepper_is_foreign_and_a_plain_one_never_is():
    assert is_foreign(stored(SECRET, OTHER), PEPPER)
    assert not is_foreign(stored(SECRET, PEPPER), PEPPER)
    assert not is_foreign(plain(SECRET), PEPPER)
    assert fingerprint(PEPPER) != fingerprint(OTHER)


def meant(text: str) -> Settings:
    return settings_in(text.encode(), "it", known(), os.environ)[0]


TEXT = f"""# ours
keys:
  alice: {{secret: {SECRET.reveal()}, comment: the first}}   # hers
  bob:
    secret_hash: {plain(Secret("sk-of-bob"))}   # his
    previous:
      - {{secret_hash: {plain(Secret("sk-before"))}, until: 2030-01-01T00:00:00Z}}
      - {{secret_hash: {stored(Secret("sk-far"), OTHER)}, until: 2030-01-01T00:00:00Z}}
  carol: {{secret: "${{CAROL_KEY:-sk-of-carol}}"}}
  dave: {{secret_hash: {stored(Secret("sk-of-dave"), PEPPER)}}}
# the end
"""


def test_what_goes_into_the_database_is_keyed_and_the_rest_of_the_text_stays():
    settings = meant(TEXT)
    text = without_client_secrets(TEXT, settings, PEPPER)
    keys = yaml.safe_load(text)["keys"]
    assert keys["alice"] == {"comment": "the first", "secret_hash": stored(SECRET, PEPPER), "last_four": "6789"}
    assert keys["bob"]["secret_hash"] == stored(Secret("sk-of-bob"), PEPPER)
    assert [one["secret_hash"] for one in keys["bob"]["previous"]] == [
        stored(Secret("sk-before"), PEPPER),
        stored(Secret("sk-far"), OTHER),
    ]
    assert keys["carol"] == {"secret": "${CAROL_KEY:-sk-of-carol}"}
    assert keys["dave"] == yaml.safe_load(TEXT)["keys"]["dave"]
    assert [line for line in ("# ours", "# hers", "# his", "# the end") if line not in text] == []
    assert without_client_secrets(text, meant(text), PEPPER) == text
    assert foreign(settings, PEPPER) == ["bob"] == foreign(meant(text), PEPPER)
    assert foreign(settings, OTHER) == ["dave"]


@pytest.mark.parametrize(
    "text",
    [
        f"keys:\n  a: &a {{secret_hash: {plain(SECRET)}, comment: &c x}}\nmcp_servers: {{}}\n",
        "providers: {}\n",
        "keys: {}\n",
        "keys:\n",
    ],
)
def test_a_text_in_any_form_stays_one_that_means_the_same(text):
    after = without_client_secrets(text, meant(text), PEPPER)
    assert meant(after).model_copy(update={"keys": {}}) == meant(text).model_copy(update={"keys": {}})
    assert {name: keyed(key.hashed, PEPPER) for name, key in meant(after).keys.items()} == {
        name: keyed(key.hashed, PEPPER) for name, key in meant(text).keys.items()
    }
