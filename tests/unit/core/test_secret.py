"""A secret is seen only where it is asked for."""

import copy
import json
import logging
import pickle

import msgspec
import pytest
from pydantic import BaseModel, ValidationError

from plexus.core.secret import Secret

CANARY = "sk-canary-ü\ud800"
SECRET = Secret(CANARY)


class Holder(BaseModel):
    secret: Secret


@pytest.mark.parametrize(
    "show",
    [
        repr,
        str,
        "{}".format,
        "{:>20}".format,
        lambda secret: "%s %r" % (secret, secret),  # noqa: UP031 - one of the ways
        lambda secret: repr([secret, {"a": secret}]),
        lambda secret: repr(Holder(secret=secret)),
        lambda secret: Holder(secret=secret).model_dump_json(),
        lambda secret: repr(Holder(secret=secret).model_dump()),
        lambda secret: logging.makeLogRecord({"msg": "%s", "args": (secret,)}).getMessage(),
    ],
)
def test_s30_every_way_of_showing_it_is_redacted(show):
    assert "canary" not in show(SECRET)
    assert "[redacted]" in show(SECRET)


@pytest.mark.parametrize("write", [pickle.dumps, json.dumps, msgspec.json.encode])
def test_s30_it_is_not_written_to_disk_by_accident(write):
    with pytest.raises(TypeError) as refused:
        write(SECRET)
    assert "canary" not in str(refused.value)


def test_it_is_revealed_when_asked():
    assert SECRET.reveal() == CANARY


def test_secrets_compare_by_their_text_and_with_nothing_else():
    assert Secret(CANARY) == SECRET
    assert hash(Secret(CANARY)) == hash(SECRET)
    assert Secret("x") != SECRET
    assert SECRET != CANARY
    assert not Secret("")
    assert copy.deepcopy(SECRET) is SECRET
    assert copy.copy(SECRET) is SECRET


def test_a_model_takes_text_and_nothing_else():
    assert Holder.model_validate({"secret": "x"}).secret == Secret("x")
    with pytest.raises(ValidationError, match="must be text"):
        Holder.model_validate({"secret": 123456})
