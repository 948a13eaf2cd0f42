"""Plain rules that make a small model right: pure functions, no model, no I/O.

A model of 135 million parameters cannot plan or do sums, but it can choose among a few
candidates. ``rules`` narrows the tools, ``candidates`` finds what the question offers as
arguments, ``examples`` picks the nearest worked examples for the prompt.
"""
