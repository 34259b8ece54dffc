"""What every CommentStore promises."""

from functools import partial

import pytest

from calotype.bootstrap import Embedded
from calotype.engagement.comment import Comment
from calotype.engagement.events import CommentChanged, MarkChanged, Subject
from calotype.engagement.mark import Counts
from calotype.kernel.errors import AlreadyExists
from calotype.kernel.ids import MAX_ID, shard_of
from tests.clocks import TickingClock
from tests.stores import AUTHOR_SHARD, READER_SHARD, House

pytestmark = pytest.mark.anyio


class Thread:
    """A post, and what is said about it."""

    def __init__(self, shape: Embedded) -> None:
        self.shape = shape
        self.post = shape.ids.new(AUTHOR_SHARD)
        self.author = shape.ids.new(READER_SHARD)

    def comment(self, text: str = "so it is", *, reply_to: int = 0) -> Comment:
        id_ = self.shape.ids.new(AUTHOR_SHARD)
        return Comment(id_, self.post, self.author, text, ("bob",), reply_to)

    async def write(self, *comments: Comment) -> None:
        for comment in comments:
            insert = partial(self.shape.comments.insert, comment=comment)
            await self.shape.core.write(shard_of(self.post), insert)

    async def withdraw(self, comment: Comment) -> None:
        withdraw = partial(self.shape.comments.withdraw, comment_id=comment.comment_id)
        await self.shape.core.write(shard_of(self.post), withdraw)

    async def project(self, *comments: Comment) -> list[int]:
        subject = Subject(self.post, self.post, 1, self.post)
        changes = [CommentChanged(subject, each.comment_id, each.author_id) for each in comments]
        return [each.comment_id for each in await self.shape.comments.project(changes)]

    async def counts(self, subject_id: int = 0) -> Counts:
        id_ = subject_id or self.post
        return (await self.shape.tallies.counts([id_])).get(id_, Counts())


@pytest.fixture
def thread(shape: Embedded) -> Thread:
    return Thread(shape)


async def test_a_comment_comes_back_as_it_was_kept_and_edited(
    house: House, shape: Embedded, thread: Thread
) -> None:
    first, second = thread.comment("schön, @bob"), thread.comment("oder?")
    await thread.write(first, second)
    with pytest.raises(AlreadyExists):
        await thread.write(first)
    assert await house.open("again").comments.by_ids([first.comment_id, 12345]) == {
        first.comment_id: first
    }
    edit = partial(
        shape.comments.edit,
        comment_id=second.comment_id,
        text="doch",
        mentions=(),
        edited_ms=77,
    )
    await shape.core.write(shard_of(thread.post), edit)
    edited = Comment(second.comment_id, thread.post, thread.author, "doch", (), 0, 77)
    load = partial(shape.comments.load, comment_id=second.comment_id)
    assert await shape.core.read(shard_of(thread.post), load) == edited


async def test_comments_and_answers_are_paged_apart_newest_first(
    shape: Embedded, thread: Thread, clock: TickingClock
) -> None:
    comments = [thread.comment(str(at)) for at in range(5)]
    clock.advance(ms=1)
    answers = [thread.comment(str(at), reply_to=comments[1].comment_id) for at in range(3)]
    await thread.write(*comments, *answers, Thread(shape).comment())
    await thread.withdraw(comments[2])
    seen: list[Comment] = []
    before = MAX_ID
    while page := await shape.comments.newest(thread.post, 0, before, 2):
        seen += page
        before = page[-1].comment_id
    assert seen == [comments[4], comments[3], comments[1], comments[0]]
    found = await shape.comments.newest(thread.post, comments[1].comment_id, MAX_ID, 10)
    assert found == answers[::-1]


async def test_comments_are_counted_once_and_answers_in_their_thread_too(
    shape: Embedded, thread: Thread
) -> None:
    first, second = thread.comment(), thread.comment()
    answer = thread.comment(reply_to=first.comment_id)
    await thread.write(first, second, answer)
    assert await thread.counts() == Counts()
    counted = await thread.project(first, answer, first)
    assert sorted(counted) == [first.comment_id, answer.comment_id]
    assert await thread.project(second, first, answer) == [second.comment_id]
    assert await thread.counts() == Counts(comments=3)
    assert await thread.counts(first.comment_id) == Counts(comments=1)
    assert await shape.tallies.early([thread.post]) == {thread.post: 3}


async def test_what_is_withdrawn_is_counted_off_with_its_thread(
    house: House, shape: Embedded, thread: Thread
) -> None:
    first, second, never = thread.comment(), thread.comment(), thread.comment()
    answers = [thread.comment(reply_to=first.comment_id) for _ in range(3)]
    await thread.write(first, second, never, *answers)
    await thread.project(first, second, *answers)
    like = Subject(answers[0].comment_id, thread.post, thread.author, 0)
    await shape.tallies.project([MarkChanged(like, 5, 6, 1, standing=True)])
    for gone in (first, never):
        await thread.withdraw(gone)
    assert await shape.comments.by_ids([first.comment_id]) == {}
    for _ in range(2):
        assert await thread.project(first, never) == []
    assert await thread.counts() == Counts(comments=1)
    for gone in (first, answers[0]):
        assert await thread.counts(gone.comment_id) == Counts()
        assert await shape.tallies.likers(gone.comment_id, MAX_ID, 1) == []
    assert await house.open("again").comments.of_post(thread.post, 10) == [second.comment_id]


async def test_an_answer_that_goes_leaves_its_thread(shape: Embedded, thread: Thread) -> None:
    first = thread.comment()
    answers = [thread.comment(reply_to=first.comment_id) for _ in range(2)]
    await thread.write(first, *answers)
    await thread.project(first, *answers)
    for _ in range(2):
        await shape.comments.remove([answers[0].comment_id])
    assert await thread.counts() == Counts(comments=2)
    assert await thread.counts(first.comment_id) == Counts(comments=1)


async def test_comments_are_found_by_author_and_by_post(shape: Embedded, thread: Thread) -> None:
    other = Thread(shape)
    other.author = thread.author
    mine = [thread.comment(), other.comment()]
    await thread.write(mine[0])
    await other.write(mine[1])
    await thread.withdraw(mine[0])
    await Thread(shape).write(Thread(shape).comment())
    ids = {each.comment_id for each in mine}
    assert set(await shape.comments.of_author(thread.author, 10)) == ids
    assert len(await shape.comments.of_author(thread.author, 1)) == 1
    assert await shape.comments.of_post(other.post, 10) == [mine[1].comment_id]
