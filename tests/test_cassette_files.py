"""What a cassette's file must not hold, and how a difference to it is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_ollama import ChatOllama
from pydantic import SecretStr

from linus_nb import ReasoningAgent, create_gemma_agent
from linus_nb.testing import FakeOllama, ScriptedModel, cassette
from linus_nb.testing.cassettes.differences import first_difference
from linus_nb.testing.cassettes.secrets import secrets_around, without_secrets


@pytest.fixture
def path(tmp_path):
    return tmp_path / "calls.jsonl"


def test_no_secret_gets_into_the_file(path, monkeypatch):
    monkeypatch.setenv("WEATHER_API_KEY", "weather-4711-key")
    told = "Use weather-4711-key at https://bob:hunter22@db.example.org, sk-abcdefghijklmnopqrst"
    with FakeOllama(["with Bearer abcdefgh12345678", "yes"]) as server:
        host = server.url.removeprefix("http://")
        model = ChatOllama(
            model="gemma3:4b",
            base_url=f"http://ada:lovelace1815@{host}",
            client_kwargs={"headers": {"Authorization": "Basic c2VjcmV0LWhlYWRlcg=="}},
        )
        lazy = create_gemma_agent(api_base=model.base_url, model="gemma3:4b")
        with cassette(path):
            ReasoningAgent(model).run(told)
            lazy.run("Are you there?")
    written = path.read_text()
    for secret in (
        "weather-4711", "hunter22", "abcdefghijklmnop", "abcdefgh12345678", "lovelace1815",
        "c2VjcmV0", "Authorization",
    ):  # fmt: skip
        assert secret not in written
    with cassette(path):
        assert ReasoningAgent(model).run(told, return_metrics=False) == "with Bearer ***"
        assert lazy.run("Are you there?", return_metrics=False) == "yes"


def test_secrets_of_a_model_are_its_secret_fields_headers_and_password():
    class Keyed(ScriptedModel):
        openai_api_key: SecretStr = SecretStr("openai-key-1")
        base_url: str = "https://u:password-2@example.org"
        client_kwargs: dict = {"headers": {"X-Api-Key": "header-key-3", "Accept": "everything"}}  # noqa: RUF012

    found = secrets_around(Keyed([]))
    assert {"openai-key-1", "password-2", "header-key-3"} <= found
    assert "everything" not in found


@given(st.text(), st.text(min_size=8).filter(lambda text: "*" not in text))
def test_a_known_secret_never_stays(text, secret):
    kept = without_secrets({"a": [f"{text}{secret}{text}"]}, [secret])
    assert secret not in kept["a"][0]


@pytest.mark.parametrize(
    ("recorded", "now", "said"),
    [
        ({"a": 1}, {"a": 1, "b": None}, "b: recorded nothing, now null"),
        ({"a": True}, {"a": 1}, "a: recorded true, now 1"),
        ([{"x": "same"}, {"x": "old"}], [{"x": "same"}, {"x": "new"}], "[1].x: recorded 'old'"),
        ("y" * 100 + "a", "y" * 100 + "b", ": recorded …'yyyyyyyyyyyyyyya', now"),
    ],
)
def test_the_first_difference_is_named_by_its_path(recorded, now, said):
    assert first_difference(recorded, now).startswith(said)
    assert first_difference(now, now) is None
