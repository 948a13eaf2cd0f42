"""Worked examples that show a small model what an argument looks like; the nearest are shown.

Few-shot examples near to the question, the nearest last, are what a small model follows
best. Numbers count as one word, so that the form of a question decides and not its figures.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from linus_nb.agent.small.words import stems

SHOWN = 4
"""How many examples go into a prompt."""


class Example(NamedTuple):
    """A question and the value that a tool gets for it."""

    question: str
    value: str


EXAMPLES = tuple(
    Example(question, value)
    for question, value in (
        # Sums told as stories: the value is the whole expression.
        ("Eva has 14 books and buys 9 more. How many books does she have now?", "14 + 9"),
        ("A school has 210 girls and 185 boys. How many children are there in total?", "210 + 185"),
        ("One parcel weighs 3.5 kg, the other 4.2 kg. What do they weigh together?", "3.5 + 4.2"),
        ("What is the sum of 31 and 58?", "31 + 58"),
        ("Add 19 to 240.", "240 + 19"),
        ("The bill is 64 euros and the tip is 6 euros. How much is paid altogether?", "64 + 6"),
        ("Jon had 50 apples and gave away 18. How many are left?", "50 - 18"),
        ("A rope of 90 m is cut by 35 m. How long is the rest?", "90 - 35"),
        ("What is the difference between 73 and 48?", "73 - 48"),
        ("Subtract 17 from 60.", "60 - 17"),
        ("Ben is 41 and Ida is 29. How much older is Ben?", "41 - 29"),
        ("There were 120 seats and 87 were sold. How many seats remain?", "120 - 87"),
        ("The price fell from 95 to 70 euros. By how much did it fall?", "95 - 70"),
        ("A box holds 12 eggs. How many eggs are in 7 boxes?", "12 * 7"),
        ("Each of 25 pupils pays 8 euros. How much is that in all?", "25 * 8"),
        ("A train runs 80 km in an hour. How far does it run in 3 hours?", "80 * 3"),
        ("A coat of 130 euros is reduced by 30 euros. What does it cost now?", "130 - 30"),
        ("Of 250 litres, 80 are used up. How much water is left over?", "250 - 80"),
        ("A class of 27 gets 4 new pupils. How large is the class then?", "27 + 4"),
        ("There are 9 rows of 14 chairs. How many chairs are there?", "9 * 14"),
        ("She walks 6 km a day. How many km does she walk in 20 days?", "6 * 20"),
        ("A ribbon of 72 cm is cut into 9 equal pieces. How long is each piece?", "72 / 9"),
        ("60 pencils are packed in boxes of 12. How many boxes are filled?", "60 / 12"),
        ("What is 6 times 45?", "6 * 45"),
        ("What is the product of 13 and 11?", "13 * 11"),
        ("Multiply 22 by 30.", "22 * 30"),
        ("A field is 40 m long and 15 m wide. What is its area?", "40 * 15"),
        ("One ticket costs 9.50 euros. What do 4 tickets cost?", "9.50 * 4"),
        ("She saves 30 euros every month. How much is that after 18 months?", "30 * 18"),
        ("Share 96 sweets equally among 8 children. How many does each get?", "96 / 8"),
        ("A car needs 42 litres for 600 km. How many km does it run on one litre?", "600 / 42"),
        ("What is 144 divided by 12?", "144 / 12"),
        ("Divide 350 by 14.", "350 / 14"),
        ("How many bags of 5 kg can be filled from 75 kg?", "75 / 5"),
        ("Four friends split a bill of 88 euros evenly. What does each pay?", "88 / 4"),
        # Texts: the value is the part of the question that the tool works on.
        ("How many words are in the sentence 'the sun is warm'?", "the sun is warm"),
        ("Count the characters in 'notebook'.", "notebook"),
        ("How many letters does the word banana have?", "banana"),
        ('Count the words: "a long way home"', "a long way home"),
        (
            "Give the statistics of this text: Rain fell, then it stopped.",
            "Rain fell, then it stopped.",
        ),
        # Names: the value is the thing that the question asks about.
        ("Summarise the column price.", "price"),
        ("What is the mean of weight?", "weight"),
        ("Which month was best for the sales?", "sales"),
        ("Compare height with age.", "height"),
        ("What is the capital of Austria?", "Austria"),
        ("Look up the phone number of Maria Lang.", "Maria Lang"),
        ("Search the notes for the word deadline.", "deadline"),
        # Dates: the value is the date as it stands in the question.
        ("How many days are there from 2024-03-01 to 2024-04-15?", "2024-03-01"),
        ("Which day of the week was 2023-07-14?", "2023-07-14"),
    )
)


def nearest(question: str, count: int = SHOWN) -> list[Example]:
    """Return the ``count`` examples most like ``question``, the nearest last.

    Examples
    --------
    >>> nearest("A crate holds 30 bottles. How many bottles are in 4 crates?")[-1].value
    '12 * 7'
    """
    asked = stems(question, keep_common=True)
    ranked = sorted(EXAMPLES, key=lambda example: _likeness(asked, example), reverse=True)
    return ranked[:count][::-1]


def _likeness(asked: frozenset[str], example: Example) -> float:
    """Return how much of an example the question shares; rare words count more (0 to 1)."""
    words = _WORDS[example]
    shared = sum(1 / _SPREAD[word] for word in asked & words)
    return shared / (sum(1 / _SPREAD[word] for word in words) or 1.0)


_WORDS = {example: stems(example.question, keep_common=True) for example in EXAMPLES}
_SPREAD = Counter(word for words in _WORDS.values() for word in words)
