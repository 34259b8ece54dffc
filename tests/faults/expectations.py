"""What must be true after a history, and what may be."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from tests.faults.history import Kind, Operation, Outcome

T = TypeVar("T")

WITHDRAWN = frozenset({"ARCHIVED", "CANCELLED", "PURGED"})
# Where an acknowledged withdrawal may have got to since.
AFTER = {
    "ARCHIVED": {"ARCHIVED"},
    "CANCELLED": {"CANCELLED", "PURGED"},
    "PURGED": {"PURGED"},
}


@dataclass
class ExpectedPost:
    """An acknowledged post; each set holds what may be, and one of it must be."""

    post_id: str
    author: str
    photos: tuple[int, ...]
    captions: set[str]
    statuses: set[str] = field(default_factory=lambda: {"PUBLISHED"})


@dataclass
class Expected:
    """The sum of a history."""

    posts: dict[str, ExpectedPost] = field(default_factory=dict)
    edges: dict[tuple[str, str], set[bool]] = field(default_factory=dict)
    uploads: list[Operation] = field(default_factory=list)

    @classmethod
    def after(cls, history: Iterable[Operation]) -> "Expected":
        expected = cls()
        for operation in history:
            expected._take(operation)
        return expected

    def _take(self, operation: Operation) -> None:
        if operation.outcome == Outcome.REFUSED:
            return
        match operation.kind:
            case Kind.UPLOAD | Kind.RESUME:
                self._uploaded(operation)
            case Kind.FOLLOW | Kind.UNFOLLOW:
                edge = self.edges.setdefault((operation.person, operation.target), {False})
                self._set(edge, operation, operation.kind == Kind.FOLLOW)
            case Kind.EDIT:
                self._set(self.posts[operation.target].captions, operation, operation.caption)
            case Kind.CANCEL:
                self._withdrawn(operation)

    def _uploaded(self, operation: Operation) -> None:
        self.uploads.append(operation)
        if operation.outcome == Outcome.ACKNOWLEDGED:
            post_id = operation.answer["postId"]
            self.posts[post_id] = ExpectedPost(
                post_id, operation.person, operation.photos, {operation.caption}
            )

    def _withdrawn(self, operation: Operation) -> None:
        statuses = self.posts[operation.target].statuses
        if operation.outcome == Outcome.ACKNOWLEDGED:
            statuses.clear()
            statuses |= AFTER[operation.answer["status"]]
        elif "PUBLISHED" in statuses:
            statuses |= WITHDRAWN

    @staticmethod
    def _set(possible: set[T], operation: Operation, value: T) -> None:
        if operation.outcome == Outcome.ACKNOWLEDGED:
            possible.clear()
        possible.add(value)
