"""Assemble a post from uploads: it is UPLOADING until the last of them has ended."""

from dataclasses import dataclass

from calotype.connections.sql import Transaction
from calotype.events.log import Outbox
from calotype.jobs.queue import JobQueue
from calotype.media.look import AS_IT_IS
from calotype.posts.create import kind_of, process_job
from calotype.posts.events import UPLOADED, post_event
from calotype.posts.lifecycle import Status
from calotype.posts.outcome import Outcome
from calotype.posts.post import Failure, Medium, MediumKind, MediumStatus
from calotype.posts.store import Arrival, PostStore
from calotype.uploads.store import UploadStore
from calotype.uploads.upload import Upload, UploadStatus

NO_LOOK = Failure(
    "look_on_video",
    "it is a video, and filter, crop and turn are for photos alone; post it without them",
)
NO_UPLOAD = "upload_failed"


@dataclass(frozen=True)
class AssemblePost:
    """What waits for uploads (uploads.store.Waiting), with what it works on."""

    posts: PostStore
    uploads: UploadStore
    jobs: JobQueue
    outbox: Outbox
    outcome: Outcome

    def ended(self, tx: Transaction, upload: Upload) -> None:
        """Take a file into its post, or the reason why it does not come.

        With the last one the post goes on: PROCESSING, and from there to FAILED at once if
        a file is missing, so that its author can drop it and publish the rest.
        """
        if upload.post_id is None:
            return
        post = self.posts.load(tx, upload.post_id)
        if post is None or post.status != Status.UPLOADING:
            return
        medium = next((each for each in post.media if each.media_id == upload.media_id), None)
        if medium is None:
            return
        if upload.status == UploadStatus.COMPLETE:
            self._arrive(tx, medium, upload)
        else:
            self.posts.settle(tx, upload.media_id, Failure(NO_UPLOAD, upload.reason))
        awaited = self.uploads.load(tx, [medium.media_id for medium in post.media])
        if all(each.status != UploadStatus.OPEN for each in awaited.values()):
            self._go_on(tx, post.post_id)

    def _arrive(self, tx: Transaction, medium: Medium, upload: Upload) -> None:
        kind = kind_of(upload)
        arrival = Arrival(upload.content_type, upload.size, upload.sha256, kind)
        self.posts.arrive(tx, medium.media_id, arrival)
        # Until now it could have been a photo, and its author's wish a good one.
        if kind == MediumKind.VIDEO and medium.look != AS_IT_IS:
            self.posts.settle(tx, medium.media_id, NO_LOOK)

    def _go_on(self, tx: Transaction, post_id: int) -> None:
        self.posts.move(tx, post_id, Status.PROCESSING)
        post = self.posts.load(tx, post_id)
        assert post is not None
        waiting = [each for each in post.media if each.status == MediumStatus.WAITING]
        self.jobs.enqueue(tx, [process_job(medium) for medium in waiting])
        self.outbox.append(tx, post_event(UPLOADED, post_id, post.author_id))
        self.outcome.conclude(tx, post_id)
