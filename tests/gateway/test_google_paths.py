"""Paths of Google's that ask for what is not served: each prefix says the same, in Google's shape."""

from collections.abc import AsyncIterator

import pytest

from tests.gateway.running import Running, running

EMBEDDING = ["embedContent", "batchEmbedContents", "asyncBatchEmbedContent"]
PREFIXES = ["", "/v1", "/v1beta", "/v1alpha"]


@pytest.fixture
async def gateway() -> AsyncIterator[Running]:
    async with running({}) as started:
        yield started


@pytest.mark.parametrize("action", EMBEDDING)
async def test_every_prefix_says_alike_that_embeddings_are_not_served(action: str, gateway: Running) -> None:
    body = {"content": {"parts": [{"text": "hi"}]}}
    answers = [await gateway.post(f"{prefix}/models/some-model:{action}", body) for prefix in PREFIXES]
    for answer in answers:
        assert answer.status == 404
        assert answer.json["error"]["code"] == 404
        assert answer.json["error"]["status"] == "NOT_FOUND"
        assert "embeddings are not served here yet" in answer.json["error"]["message"]


async def test_an_action_nobody_knows_is_named(gateway: Running) -> None:
    answer = await gateway.post("/v1beta/models/some-model:fooContents", {})
    assert answer.status == 404
    assert "fooContents" in answer.json["error"]["message"]
