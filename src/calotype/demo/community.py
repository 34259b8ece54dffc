"""The plan of a community: who, what, when, as the seed decides; nothing is stored yet."""

import math
from random import Random

import msgspec

from calotype.demo.people import Person, invite
from calotype.demo.reactions import Reactions, Seen, react
from calotype.demo.words import PHOTOGRAPH, WORDS, Spot, Words
from calotype.posts.post import Audience

DAY_MS = 86_400_000
WEEKS = 5
# Share of posts begun in each hour of the day: a lunch break, a long evening, a few at night.
_HOURS = (2, 1, 1, 1, 1, 3, 6, 9, 9, 7, 6, 7, 10, 9, 7, 6, 7, 9, 12, 15, 16, 14, 9, 5)
_CIRCLES = 6


class Subject(msgspec.Struct, frozen=True):
    """One picture to come: a kind of scene and the seed of its painting, or a photograph's place."""

    kind: str
    seed: int


class Moment(msgspec.Struct, frozen=True, order=True):
    """Days back, and the second of the day in UTC; or, for what is new, seconds before now."""

    days_ago: int
    second: int
    fresh: bool = False

    def before(self, now_ms: int) -> int:
        """In ms since the Unix epoch: the last such second of a day before now, days back."""
        if self.fresh:
            return now_ms - self.second * 1_000
        last = now_ms // DAY_MS * DAY_MS + self.second * 1_000
        if last >= now_ms - 60_000:
            last -= DAY_MS
        return last - self.days_ago * DAY_MS


class PlannedPost(msgspec.Struct, frozen=True):
    """A post to come; `tags`, `alts` and `spot` as its form will have them."""

    author: int
    moment: Moment
    caption: str
    tags: tuple[str, ...]
    audience: Audience
    subjects: tuple[Subject, ...]
    alts: tuple[str, ...]
    spot: Spot | None


class Community(msgspec.Struct, frozen=True):
    """People by index; follows as (follower, followee), in order of time; posts; reactions."""

    people: tuple[Person, ...]
    avatars: tuple[Subject, ...]
    follows: tuple[tuple[int, int], ...]
    posts: tuple[PlannedPost, ...]
    reactions: Reactions


def plan(seed: int, people: int, posts: int, photographs: int | None = None) -> Community:
    """A community of this size. With `photographs`, that many pictures instead of painted ones."""
    chance = Random(seed)
    kinds = tuple(WORDS)
    folk = invite(chance, people, kinds)
    fame = [1 / (rank + 1.5) ** 0.8 for rank in range(people)]
    chance.shuffle(fame)
    avatars = tuple(Subject(chance.choice(p.loves), chance.randrange(1 << 30)) for p in folk)
    follows = _follows(chance, fame)
    planned = _posts(chance, folk, fame, posts, photographs)
    seen = [Seen(post.author, post.audience) for post in planned]
    return Community(
        people=tuple(folk),
        avatars=avatars,
        follows=follows,
        posts=planned,
        reactions=react(chance, people, follows, seen),
    )


def _follows(chance: Random, fame: list[float]) -> tuple[tuple[int, int], ...]:
    """Everyone follows some famous people and some of their own circle; many follow back."""
    everyone = range(len(fame))
    circles = [chance.randrange(_CIRCLES) for _ in everyone]
    edges: dict[tuple[int, int], None] = {}
    for follower in chance.sample(everyone, len(fame)):
        wished = min(len(fame) - 1, 4 + int(chance.paretovariate(1.4) * 3))
        for followee in _chosen(chance, follower, wished, fame, circles):
            edges[follower, followee] = None
            kin = circles[follower] == circles[followee]
            if chance.random() < (0.6 if kin else 0.15):
                edges[followee, follower] = None
    return tuple(edges)


def _chosen(
    chance: Random, follower: int, wished: int, fame: list[float], circles: list[int]
) -> list[int]:
    """Drawn without repeats, by weight (Efraimidis and Spirakis); one's own circle weighs most."""
    keys = []
    for other, famous in enumerate(fame):
        if other != follower:
            weight = famous * (4.0 if circles[other] == circles[follower] else 1.0)
            keys.append((math.log(chance.random()) / weight, other))
    return [other for _, other in sorted(keys, reverse=True)[:wished]]


def _posts(
    chance: Random, folk: list[Person], fame: list[float], count: int, photographs: int | None
) -> tuple[PlannedPost, ...]:
    zeal = [famous * chance.uniform(0.3, 1.7) + 0.08 for famous in fame]
    pictures = iter(range(photographs)) if photographs is not None else None
    posts: list[PlannedPost] = []
    for moment in _moments(chance, count):
        author = chance.choices(range(len(folk)), zeal)[0]
        kind = chance.choices(folk[author].loves, (6, 3, 2)[: len(folk[author].loves)])[0]
        size = chance.randint(2, 4) if chance.random() < 0.09 else 1
        if pictures is None:
            subjects = tuple(Subject(kind, chance.randrange(1 << 30)) for _ in range(size))
        else:
            subjects = tuple(
                Subject("photograph", at) for _, at in zip(range(size), pictures, strict=False)
            )
        if not subjects:
            break
        words = WORDS[kind] if pictures is None else PHOTOGRAPH
        posts.append(_post(chance, author, moment, subjects, words))
    return tuple(posts)


def _post(
    chance: Random, author: int, moment: Moment, subjects: tuple[Subject, ...], words: Words
) -> PlannedPost:
    described = words.alt != "" and chance.random() < 0.85
    return PlannedPost(
        author=author,
        moment=moment,
        caption=chance.choice(words.captions),
        tags=tuple(chance.sample(words.tags, chance.randint(1, 3))),
        audience=Audience.FOLLOWERS if chance.random() < 0.08 else Audience.EVERYONE,
        subjects=subjects,
        alts=tuple(words.alt for _ in subjects) if described else (),
        spot=chance.choice(words.spots) if words.spots and chance.random() < 0.6 else None,
    )


def _moments(chance: Random, count: int) -> list[Moment]:
    """One just now, the others by the hours and more of late; no two the same."""
    moments = {Moment(0, chance.randint(180, 2_400), fresh=True): None}
    while len(moments) < count:
        days = int(WEEKS * 7 * chance.random() ** 1.3)
        hour = chance.choices(range(24), _HOURS)[0]
        moments[Moment(days, hour * 3_600 + chance.randrange(3_600))] = None
    return list(moments)
