"""Use cases that several processes run."""

from calotype.bootstrap.shape import Embedded
from calotype.posts.assemble import AssemblePost
from calotype.posts.drop import DropMedium
from calotype.posts.outcome import Outcome
from calotype.posts.reconcile import Reconcile
from calotype.posts.withdraw import WithdrawPost
from calotype.uploads.abandon import AbandonUpload
from calotype.uploads.finish import FinishUpload
from calotype.uploads.sweep import AllReferences, Sweep
from calotype.uploads.take import TakeUpload


def reconcile_posts(shape: Embedded) -> Reconcile:
    stuck_after_ms = shape.settings.posts.stuck_after_s * 1_000
    return Reconcile(shape.core, shape.posts, shape.jobs, shape.clock, stuck_after_ms)


def sweep_blobs(shape: Embedded) -> Sweep:
    references = AllReferences(shape.posts, shape.avatars, shape.uploads)
    return Sweep(shape.blobs, references, shape.clock, shape.settings.uploads)


def withdraw_post(shape: Embedded) -> WithdrawPost:
    return WithdrawPost(
        database=shape.core,
        posts=shape.posts,
        jobs=shape.jobs,
        outbox=shape.outbox,
        blobs=shape.blobs,
        uploads=shape.uploads,
        partials=shape.partials,
    )


def drop_medium(shape: Embedded) -> DropMedium:
    return DropMedium(shape.core, shape.posts, shape.jobs, shape.blobs, outcome(shape))


def outcome(shape: Embedded) -> Outcome:
    return Outcome(shape.posts, shape.outbox, shape.ids)


def take_upload(shape: Embedded) -> TakeUpload:
    limits = shape.settings.uploads
    finish = FinishUpload(
        database=shape.core,
        accounts=shape.accounts,
        uploads=shape.uploads,
        partials=shape.partials,
        blobs=shape.blobs,
        waiting=_assemble_post(shape),
        clock=shape.clock,
        limits=limits,
    )
    return TakeUpload(shape.core, shape.uploads, shape.partials, finish, shape.clock, limits)


def abandon_upload(shape: Embedded) -> AbandonUpload:
    return AbandonUpload(
        database=shape.core,
        uploads=shape.uploads,
        partials=shape.partials,
        blobs=shape.blobs,
        waiting=_assemble_post(shape),
        take=take_upload(shape),
        clock=shape.clock,
        limits=shape.settings.uploads,
    )


def _assemble_post(shape: Embedded) -> AssemblePost:
    return AssemblePost(shape.posts, shape.uploads, shape.jobs, shape.outbox, outcome(shape))
