"""What secrets are looked up by is HMAC as everybody else computes it."""

import hashlib
import hmac

from hypothesis import given
from hypothesis import strategies as st

from plexus.keys.digest import Lookup


@given(st.binary(max_size=200), st.text(st.characters(max_codepoint=127), max_size=600))
def test_a_lookup_is_hmac_sha256_of_the_plain_hash(pepper: bytes, secret: str):
    plain = hashlib.sha256(secret.encode()).digest()
    assert Lookup(pepper)(secret) == hmac.digest(pepper, plain, "sha256")
