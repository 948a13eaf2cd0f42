"""Real data to try things on, and tools over it: monthly share prices, 1990 to 2022.

The prices come with matplotlib (``Stocks.csv``, from Yahoo Finance, adjusted for splits and
dividends). Each tool answers in a whole sentence that says what it is about, so that the
answer is true whichever share a small model asks for.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pandas as pd

Share = Literal["IBM", "AAPL", "MSFT"]

# pandas and matplotlib load when the data is first wanted.
# ruff: noqa: PLC0415


@lru_cache(maxsize=1)
def share_prices() -> pd.DataFrame:
    """Load the prices.

    Returns
    -------
    DataFrame
        390 months x 3 shares (IBM, AAPL, MSFT), in dollars.

    Examples
    --------
    >>> share_prices().shape
    (390, 3)
    """
    import pandas as pd
    from matplotlib.cbook import get_sample_data

    path = get_sample_data("Stocks.csv", asfileobj=False)
    table = pd.read_csv(path, comment="#", index_col="Date", parse_dates=True)
    # Dividends and the day of the download have rows of their own, which are no months.
    months = table[pd.DatetimeIndex(table.index).day == 1]
    return months[["IBM", "AAPL", "MSFT"]].dropna()


def about_the_data() -> str:
    """Say what the data is.

    Examples
    --------
    >>> about_the_data()
    'monthly share prices from January 1990 to June 2022'
    """
    months = share_prices().index
    return f"monthly share prices from {months[0]:%B %Y} to {months[-1]:%B %Y}"


def summarize_price(share: Share) -> str:
    """Summarize the price of one share.

    Parameters
    ----------
    share : str
        Its ticker symbol.

    Examples
    --------
    >>> summarize_price("MSFT")
    'MSFT cost between 0.40 and 334.85 dollars, 42.66 on average.'
    """
    price = share_prices()[share]
    low, high, mean = price.min(), price.max(), price.mean()
    return f"{share} cost between {low:.2f} and {high:.2f} dollars, {mean:.2f} on average."


def best_and_worst_month(share: Share) -> str:
    """Find the best and the worst month of one share.

    Parameters
    ----------
    share : str
        Its ticker symbol.

    Examples
    --------
    >>> best_and_worst_month("IBM")[:39]
    'The best month of IBM was October 2002 '
    """
    change = 100 * share_prices()[share].pct_change()
    best, worst = change.idxmax(), change.idxmin()
    return (
        f"The best month of {share} was {best:%B %Y} ({change.max():+.1f} %), "
        f"the worst {worst:%B %Y} ({change.min():+.1f} %)."
    )


def compare_growth(first: Share, second: Share) -> str:
    """Compare how much two shares have grown.

    Parameters
    ----------
    first, second : str
        Their ticker symbols.

    Examples
    --------
    >>> compare_growth("AAPL", "MSFT")[:25]
    'Over all these months AAP'
    """
    prices = share_prices()
    times = prices.iloc[-1] / prices.iloc[0]
    return (
        f"Over all these months {first} rose to {times[first]:.0f} times its first price, "
        f"{second} to {times[second]:.0f} times."
    )
