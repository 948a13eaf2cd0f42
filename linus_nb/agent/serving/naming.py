"""What a chat model is called on results, and whether it is a small one (pure)."""

from __future__ import annotations

TOY = "toy model"


def describe(llm: object) -> str:
    """Return the name that stands on results: the model's, with a badge on a toy.

    Examples
    --------
    >>> from langchain_core.language_models import FakeListChatModel
    >>> describe(FakeListChatModel(responses=["hi"]))
    'FakeListChatModel'
    """
    for attribute in ("model", "model_name", "model_id"):
        name = getattr(llm, attribute, None)
        if isinstance(name, str) and name:
            return f"{name} ({TOY})" if is_toy(llm) else name
    return type(llm).__name__


def is_small(llm: object) -> bool:
    """Tell whether a model can follow a form but not judge its own work.

    A source that has not decided yet is taken at its word: ``embedded`` is small.
    """
    return getattr(llm, "small", False) is True


def is_toy(llm: object) -> bool:
    """Tell whether it is the small model that runs in this process."""
    return getattr(llm, "embedded", False) is True and is_small(llm)
