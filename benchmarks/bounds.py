"""A measured figure beside the most that it may be."""

from __future__ import annotations


def bound(what: str, measured: float, most: float) -> bool:
    """Print a bound and return whether it holds."""
    holds = measured <= most
    print(f"{what}: {measured:.2f} (at most {most:g}) {'ok' if holds else 'NOT HELD'}")
    return holds


def row_of_bound(what: str, measured: float, most: float) -> tuple[bool, str]:
    """Return whether a bound holds, and its row of a Markdown table."""
    holds = measured <= most
    return holds, f"| {what} | {measured:.2f} | {most:g} | {'yes' if holds else 'NO'} |"
