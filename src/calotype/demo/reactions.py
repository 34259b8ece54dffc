"""Who likes what, and what they say under it: a few posts are loved, most are noticed."""

from collections import defaultdict
from collections.abc import Sequence
from random import Random

import msgspec

from calotype.posts.post import Audience

# Comments come from a few minutes to two days after their post.
_SOONEST_MS, _LATEST_MS = 3 * 60_000, 2 * 86_400_000
_SAYS_SOMETHING = 0.07
_IS_ANSWERED = 0.4

# fmt: off
_PRAISE = (
    "What a light.", "I can almost hear this.", "This one stays with me.", "How do you always find these?",
    "The colours!", "Took me a moment to breathe again.", "I would hang this on my wall.", "Perfectly quiet.",
    "Is this where you went last week?", "One of your best.", "I walked past there yesterday and saw nothing.",
    "Now I want to go out.", "More of these, please.", "So calm.", "That corner on the left is everything.", "Lovely.",
)
_THANKS = ("Thank you!", "That means a lot.", "It was over a minute later.", "Come along next time.", "Luck, mostly.")
# fmt: on


class PlannedComment(msgspec.Struct, frozen=True):
    """A comment to come, so long after its post; with what the post's author answers, if anything."""

    person: int
    post: int
    after_ms: int
    words: str
    answer: str = ""


class Reactions(msgspec.Struct, frozen=True):
    """Likes as (person, post), by index, and comments."""

    likes: tuple[tuple[int, int], ...] = ()
    comments: tuple[PlannedComment, ...] = ()


class Seen(msgspec.Struct, frozen=True):
    """What of a post decides who reacts to it."""

    author: int
    audience: Audience


def react(
    chance: Random, people: int, follows: Sequence[tuple[int, int]], posts: Sequence[Seen]
) -> Reactions:
    """Followers react by how much a post appeals; of a public one a few others find it too."""
    followers: defaultdict[int, list[int]] = defaultdict(list)
    for follower, followee in follows:
        followers[followee].append(follower)
    likes: list[tuple[int, int]] = []
    comments: list[PlannedComment] = []
    for number, post in enumerate(posts):
        appeal = min(0.9, 0.1 * chance.paretovariate(1.1))
        crowd = dict.fromkeys(followers[post.author])
        if post.audience == Audience.EVERYONE:
            crowd |= dict.fromkeys(chance.sample(range(people), min(people, 2)))
        for person in sorted(crowd):
            if person == post.author or chance.random() >= appeal:
                continue
            likes.append((person, number))
            if chance.random() < _SAYS_SOMETHING:
                comments.append(_comment(chance, person, number))
    return Reactions(tuple(likes), tuple(comments))


def _comment(chance: Random, person: int, post: int) -> PlannedComment:
    return PlannedComment(
        person=person,
        post=post,
        after_ms=chance.randint(_SOONEST_MS, _LATEST_MS),
        words=chance.choice(_PRAISE),
        answer=chance.choice(_THANKS) if chance.random() < _IS_ANSWERED else "",
    )
