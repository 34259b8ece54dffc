"""The states of a post and its legal moves (DESIGN §5), checked at import."""

from enum import StrEnum

from calotype.kernel.states import StateGraph


class Status(StrEnum):
    UPLOADING = "UPLOADING"
    PROCESSING = "PROCESSING"
    PUBLISHED = "PUBLISHED"
    ARCHIVED = "ARCHIVED"
    FLAGGED = "FLAGGED"
    REMOVED = "REMOVED"
    CANCELLED = "CANCELLED"
    FAILED = "FAILED"
    PURGED = "PURGED"


LIFECYCLE = StateGraph(
    Status,
    starts=(Status.UPLOADING, Status.PROCESSING),
    moves={
        Status.UPLOADING: (Status.PROCESSING, Status.CANCELLED),
        Status.PROCESSING: (Status.PUBLISHED, Status.FAILED, Status.CANCELLED),
        Status.PUBLISHED: (Status.ARCHIVED, Status.FLAGGED),
        Status.ARCHIVED: (Status.PUBLISHED, Status.PURGED),
        Status.FLAGGED: (Status.PUBLISHED, Status.REMOVED),
        Status.REMOVED: (Status.PUBLISHED, Status.PURGED),
        Status.FAILED: (Status.PROCESSING, Status.PURGED),
        Status.CANCELLED: (Status.PURGED,),
    },
)
