import pytest

from plexus.providers import Outgoing
from plexus.providers.signing import bearer, none, x_api_key, x_goog_api_key


def request(**headers):
    return Outgoing(method="POST", url="https://a.test/v1/x", headers=dict(headers), body=b"{}")


@pytest.mark.parametrize(
    ("sign", "header", "value"),
    [
        (bearer, "authorization", "Bearer sk-1"),
        (x_api_key, "x-api-key", "sk-1"),
        (x_goog_api_key, "x-goog-api-key", "sk-1"),
    ],
)
def test_the_credential_goes_into_its_header_and_nowhere_else(sign, header, value):
    before = request(accept="*/*")
    after = sign(before, "sk-1")
    assert after.headers == {"accept": "*/*", header: value}
    assert (after.method, after.url, after.body) == (before.method, before.url, before.body)
    assert before.headers == {"accept": "*/*"}


@pytest.mark.parametrize("sign", [bearer, x_api_key, x_goog_api_key])
def test_an_empty_credential_adds_nothing(sign):
    assert sign(request(), "").headers == {}


def test_a_configured_header_of_the_same_name_is_replaced_whatever_its_case():
    assert bearer(request(Authorization="old"), "new").headers == {"authorization": "Bearer new"}


def test_a_simulated_provider_never_sees_a_credential():
    assert none(request(), "sk-1").headers == {}
