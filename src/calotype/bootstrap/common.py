"""Use cases that several processes run."""

from calotype.bootstrap.shape import Embedded
from calotype.engagement.forget import ForgetEngagement
from calotype.posts.drop import DropMedium
from calotype.posts.outcome import Outcome
from calotype.posts.reconcile import Reconcile
from calotype.posts.withdraw import WithdrawPost
from calotype.uploads.sweep import AllReferences, Sweep


def reconcile_posts(shape: Embedded) -> Reconcile:
    stuck_after_ms = shape.settings.posts.stuck_after_s * 1_000
    return Reconcile(shape.core, shape.posts, shape.jobs, shape.clock, stuck_after_ms)


def sweep_blobs(shape: Embedded) -> Sweep:
    references = AllReferences(shape.posts, shape.avatars)
    return Sweep(shape.blobs, references, shape.clock, shape.settings.uploads)


def withdraw_post(shape: Embedded) -> WithdrawPost:
    return WithdrawPost(shape.core, shape.posts, shape.jobs, shape.outbox, shape.blobs)


def drop_medium(shape: Embedded) -> DropMedium:
    return DropMedium(shape.core, shape.posts, shape.jobs, shape.blobs, outcome(shape))


def forget_engagement(shape: Embedded) -> ForgetEngagement:
    return ForgetEngagement(shape.core, shape.marks, shape.tallies, shape.comments)


def outcome(shape: Embedded) -> Outcome:
    return Outcome(shape.posts, shape.outbox, shape.ids)
