"""Carry a plan out, through the use cases that serve people's requests and the worker's handlers.

Each post's ids are minted at its own moment in the past, so posts can be made in any order and
several at once; accounts and follows are made one after another, on a clock turned by hand.
"""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

import msgspec

from calotype.accounts.account import Role
from calotype.accounts.create import NewPerson
from calotype.accounts.edit import AccountChanges
from calotype.demo.community import DAY_MS, WEEKS, Community, PlannedPost, Subject
from calotype.demo.engage import Engage
from calotype.demo.photographs import Pictures
from calotype.demo.times import TurnedClock, ids_at
from calotype.kernel.ids import time_of
from calotype.posts.lifecycle import Status
from calotype.posts.post import Place
from calotype.posts.process import ProcessMedium
from calotype.web.services import Services
from calotype.workers.batches import BatchLane
from calotype.workers.lane import Lane
from calotype.workers.run import Worker

OWNER = "keeper"
# From the making of a post to its publishing.
_LAG_MS = 4_000
# The first account is older than the first post by this, the last follow by a day.
_PRELUDE_MS = 120 * DAY_MS
# Posts that are painted or received at once: pictures wait in memory, 300 KB each.
_AT_ONCE = 4
_OWNER_FOLLOWS = 12
_LOOK_S = 0.1
_BOUNDARY = "calotype-demo-9f2c61"


@dataclass(frozen=True)
class ProcessInItsTime(ProcessMedium):
    """Publishes each post a few seconds after it was made, whenever that was."""

    processed: Callable[[], None] = field(kw_only=True)

    async def process(self, media_id: int) -> None:
        ids = ids_at(time_of(media_id) + _LAG_MS)
        own = {name.name: getattr(self, name.name) for name in dataclasses.fields(ProcessMedium)}
        outcome = dataclasses.replace(self.outcome, ids=ids)
        await ProcessMedium(**own | {"outcome": outcome}).process(media_id)
        self.processed()


@dataclass(frozen=True)
class Fill:
    """A place to fill, what with, and the password of all its people."""

    services: Services
    worker: Worker
    clock: TurnedClock
    pictures: Pictures
    avatars: Pictures
    password: str
    owner_password: str

    async def carry_out(self, community: Community) -> int:
        """Make it all and wait until every follower's feed has it; how many posts failed.

        Raises:
            CalotypeError: as the use cases do; what was made until then stays.
        """
        now_ms = self.clock.now_ms()
        people = await self._settle(community, now_ms)
        stopping = asyncio.Event()
        working = asyncio.create_task(self.worker.run(stopping))
        try:
            await self._show_faces(people, community.avatars)
            made = await self._post(community.posts, people, now_ms)
            await self._until_idle(working)
            await Engage(self.services, people).carry_out(community.reactions, made, now_ms)
            await self._until_idle(working)
        finally:
            stopping.set()
            await working
        posts = await self.services.posts.by_ids(made)
        return sum(post.status != Status.PUBLISHED for post in posts.values())

    async def _settle(self, community: Community, now_ms: int) -> list[int]:
        """Accounts, then follows, through the weeks before the first post; the people's ids."""
        steps = len(community.people) + len(community.follows) + 1 + _OWNER_FOLLOWS
        start = now_ms - WEEKS * 7 * DAY_MS - _PRELUDE_MS
        step_ms = (_PRELUDE_MS - DAY_MS) // steps
        moments = iter(range(start, start + step_ms * (steps + 1), step_ms))
        administration = self.services.people.administration
        self.clock.turn(next(moments))
        owner = NewPerson(OWNER, self.owner_password, name="The keeper of this place")
        owner_id = (await administration.create_account(owner, Role.OWNER)).user_id
        people: list[int] = []
        for planned in community.people:
            self.clock.turn(next(moments))
            person = NewPerson(planned.username, self.password, name=planned.name)
            account = await administration.create_account(person)
            await self.services.people.edit(account.user_id, AccountChanges(bio=planned.bio))
            people.append(account.user_id)
        for follower, followee in community.follows:
            self.clock.turn(next(moments))
            await self.services.follow.follow(people[follower], people[followee])
        for famous in _most_followed(community)[:_OWNER_FOLLOWS]:
            self.clock.turn(next(moments))
            await self.services.follow.follow(owner_id, people[famous])
        self.clock.let_go()
        return people

    async def _show_faces(self, people: Sequence[int], subjects: Sequence[Subject]) -> None:
        for user_id, subject in zip(people, subjects, strict=True):
            picture = await asyncio.to_thread(self.avatars, subject)
            body, kind = _form([], [picture])
            await self.services.change_avatar.replace(user_id, body, kind)

    async def _post(
        self, posts: Sequence[PlannedPost], people: Sequence[int], now_ms: int
    ) -> list[int]:
        places = asyncio.Semaphore(_AT_ONCE)

        async def make(planned: PlannedPost) -> int:
            async with places:
                return await self._make(planned, people[planned.author], now_ms)

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(make(planned)) for planned in posts]
        return [task.result() for task in tasks]

    async def _make(self, planned: PlannedPost, author_id: int, now_ms: int) -> int:
        pictures = [await asyncio.to_thread(self.pictures, each) for each in planned.subjects]
        ids = ids_at(planned.moment.before(now_ms) - _LAG_MS)
        create = dataclasses.replace(self.services.posting.create, ids=ids)
        body, kind = _form(_texts(planned), pictures)
        return (await create.create(author_id, body, kind, None)).post_id

    async def _until_idle(self, working: asyncio.Task[None]) -> None:
        """Until a look at every lane in the order in which work moves on finds them all empty."""
        while not working.done():
            await asyncio.sleep(_LOOK_S)
            jobs: list[Lane | BatchLane] = [
                lane for lane in self.worker.lanes if lane.source is self._jobs
            ]
            events: list[Lane | BatchLane] = [
                *(lane for lane in self.worker.lanes if lane.source is not self._jobs),
                *self.worker.batches,
            ]
            # Photos write events, events call for jobs: so the jobs are looked at again.
            for look in (jobs, None, events, jobs):
                if look is None:
                    busy = await self.worker.relay.pass_on(1) > 0
                else:
                    dues = [await lane.source.next_due(lane.name) for lane in look]
                    busy = any(due is not None for due in dues)
                if busy:
                    break
            else:
                return

    @property
    def _jobs(self) -> object:
        return self.services.posting.create.jobs


def _most_followed(community: Community) -> list[int]:
    counts = [0] * len(community.people)
    for _, followee in community.follows:
        counts[followee] += 1
    return sorted(range(len(counts)), key=lambda person: -counts[person])


def keenest(community: Community) -> int:
    """Who follows the most people: theirs is the fullest feed."""
    counts = [0] * len(community.people)
    for follower, _ in community.follows:
        counts[follower] += 1
    return max(range(len(counts)), key=lambda person: counts[person])


def _texts(planned: PlannedPost) -> list[tuple[str, str]]:
    texts = [("caption", planned.caption), ("audience", planned.audience)]
    texts += [("tags", tag) for tag in planned.tags]
    if planned.spot is not None:
        place = Place(planned.spot.name, planned.spot.latitude, planned.spot.longitude)
        texts.append(("location", msgspec.json.encode(place).decode()))
    if planned.alts:
        wishes = [{"altText": alt} for alt in planned.alts]
        texts.append(("media", msgspec.json.encode(wishes).decode()))
    return texts


def _form(
    texts: Sequence[tuple[str, str]], pictures: Sequence[bytes]
) -> tuple[AsyncIterator[bytes], str]:
    """A multipart body and its content type, as a client would send it."""

    async def body() -> AsyncIterator[bytes]:
        for name, text in texts:
            yield _part(f'name="{name}"') + text.encode()
        for picture in pictures:
            yield _part('name="mediaFile"; filename="picture"') + picture
        yield f"\r\n--{_BOUNDARY}--\r\n".encode()

    return body(), f"multipart/form-data; boundary={_BOUNDARY}"


def _part(disposition: str) -> bytes:
    return f"\r\n--{_BOUNDARY}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n".encode()
