"""Agents on chat models that may be small, slow and wrong.

``agent`` is the public face; ``loop`` and ``steps`` work, on the state of one ``run``;
``asking`` puts questions through ``calls`` until ``replies`` can read the answer.
``prompts``, ``replies``, ``window``, ``rules``, ``candidates`` and what they use are pure:
they know no model, no clock and no network.
"""
