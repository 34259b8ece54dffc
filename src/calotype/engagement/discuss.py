"""Comment on posts, answer, edit, withdraw and like comments."""

from dataclasses import dataclass

from msgspec.structs import replace

from calotype.accounts.close import check_open
from calotype.accounts.store import AccountStore
from calotype.connections.sql import Database, Transaction
from calotype.engagement.comment import Comment, checked_text
from calotype.engagement.events import (
    COMMENT_WITHDRAWN,
    COMMENTED,
    CommentChanged,
    Subject,
    comment_event,
)
from calotype.engagement.gate import Gate
from calotype.engagement.mark import Kind
from calotype.engagement.react import React
from calotype.engagement.read import before_of
from calotype.engagement.store import CommentStore
from calotype.events.log import Event, Outbox
from calotype.kernel.clock import Clock
from calotype.kernel.errors import NotFound
from calotype.kernel.ids import IdFactory, shard_of
from calotype.kernel.paging import Before, Page, encode_cursor
from calotype.posts.caption import mentions_of
from calotype.posts.store import Standing

NO_COMMENT = "there is no such comment"


@dataclass(frozen=True)
class Discuss:
    """The use cases, with what they work on.

    A comment on a post that someone may not see is, for them, one that does not exist.
    """

    database: Database
    accounts: AccountStore
    gate: Gate
    comments: CommentStore
    outbox: Outbox
    react: React
    ids: IdFactory
    clock: Clock

    async def comment(self, author_id: int, post_id: int, text: str, reply_to: int) -> Comment:
        """Comment on a post, or answer one of its comments; an answer to an answer joins its thread.

        Raises:
            Invalid: the words break a rule.
            NotFound: there is no such post or comment for this person, or someone has left.
        """
        words = checked_text(text)
        post = await self.gate.pass_to(author_id, post_id)
        comment = Comment(
            comment_id=self.ids.new(shard_of(post_id)),
            post_id=post_id,
            author_id=author_id,
            text=words,
            mentions=mentions_of(words),
        )

        def keep(tx: Transaction) -> Comment:
            check_open(self.accounts, tx, author_id, post.author_id)
            kept, answered_id = comment, 0
            if reply_to:
                answered = self._standing(tx, reply_to, post_id)
                kept = replace(comment, reply_to=answered.reply_to or answered.comment_id)
                answered_id = answered.author_id
            self.comments.insert(tx, kept)
            self.outbox.append(tx, _event(COMMENTED, kept, post, answered_id))
            return kept

        return await self.database.write(shard_of(post_id), keep)

    async def edit(self, author_id: int, comment_id: int, text: str) -> Comment:
        """Change the words of one's own comment.

        Raises:
            Invalid: the words break a rule.
            NotFound: there is no such comment of this person.
        """
        words = checked_text(text)
        mentions, edited_ms = mentions_of(words), self.clock.now_ms()
        found, _ = await self._own(author_id, comment_id)

        def edit(tx: Transaction) -> Comment:
            check_open(self.accounts, tx, author_id)
            comment = self._standing(tx, found.comment_id, found.post_id)
            self.comments.edit(tx, comment_id, words, mentions, edited_ms)
            return replace(comment, text=words, mentions=mentions, edited_ms=edited_ms)

        return await self.database.write(shard_of(comment_id), edit)

    async def withdraw(self, user_id: int, comment_id: int) -> None:
        """Take away a comment, one's own or on one's own post, with the answers to it.

        One's own words also from a post that one may not see any more.

        Raises:
            NotFound: there is no such comment that this person may take away.
        """
        comment = (await self.comments.by_ids([comment_id])).get(comment_id)
        if comment is None:
            raise NotFound(NO_COMMENT)
        post = (await self.gate.posts.standings([comment.post_id])).get(comment.post_id)
        if post is None or user_id not in {comment.author_id, post.author_id}:
            raise NotFound(NO_COMMENT)

        def withdraw(tx: Transaction) -> None:
            if self.comments.load(tx, comment_id) is not None:
                self.comments.withdraw(tx, comment_id)
                self.outbox.append(tx, _event(COMMENT_WITHDRAWN, comment, post, 0))

        await self.database.write(shard_of(comment_id), withdraw)

    async def like(self, user_id: int, comment_id: int, *, standing: bool) -> None:
        """Like a comment, or take it back; repeating it changes nothing.

        Raises:
            NotFound: there is no such comment for this person.
        """
        comment, _ = await self._seen(user_id, comment_id)
        subject = Subject(comment_id, comment.post_id, comment.author_id, 0)
        await self.react.put(user_id, subject, Kind.COMMENT_LIKE, standing=standing)

    async def read(
        self, viewer_id: int | None, post_id: int, reply_to: int, cursor: str | None, limit: int
    ) -> Page[Comment]:
        """A page of a post's comments, or of the answers to one of them, newest first.

        Raises:
            NotFound: there is no such post or comment for this viewer.
            Invalid, Malformed: the limit (1 to 100) or the cursor is wrong.
        """
        before = before_of(cursor, limit)
        await self.gate.pass_to(viewer_id, post_id)
        if reply_to and reply_to not in await self.comments.by_ids([reply_to]):
            raise NotFound(NO_COMMENT)
        found = await self.comments.newest(post_id, reply_to, before, limit + 1)
        shown = found[:limit]
        more = len(found) > limit
        return Page(shown, encode_cursor(Before(shown[-1].comment_id)) if more else None)

    async def _own(self, author_id: int, comment_id: int) -> tuple[Comment, Standing]:
        comment, post = await self._seen(author_id, comment_id)
        if comment.author_id != author_id:
            raise NotFound(NO_COMMENT)
        return comment, post

    async def _seen(self, viewer_id: int, comment_id: int) -> tuple[Comment, Standing]:
        """A comment and its post, both of which the viewer may see."""
        comment = (await self.comments.by_ids([comment_id])).get(comment_id)
        if comment is None:
            raise NotFound(NO_COMMENT)
        try:
            return comment, await self.gate.pass_to(viewer_id, comment.post_id)
        except NotFound as error:
            raise NotFound(NO_COMMENT) from error

    def _standing(self, tx: Transaction, comment_id: int, post_id: int) -> Comment:
        """A comment of this post that is there, and whose thread is. Raises NotFound."""
        comment = self.comments.load(tx, comment_id)
        if comment is None or comment.post_id != post_id:
            raise NotFound(NO_COMMENT)
        if comment.reply_to:
            self._standing(tx, comment.reply_to, post_id)
        return comment


def _event(kind: str, comment: Comment, post: Standing, answered_id: int) -> Event:
    subject = Subject(comment.post_id, comment.post_id, post.author_id, post.published_id or 0)
    changed = CommentChanged(subject, comment.comment_id, comment.author_id, answered_id)
    return comment_event(kind, changed)
