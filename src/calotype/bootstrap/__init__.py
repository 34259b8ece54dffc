"""Builds the shape that the settings ask for: the only place that knows an adapter."""

from calotype.bootstrap.checks import build_checks
from calotype.bootstrap.common import (
    build_post_census,
    celebrity_posts,
    fan_out,
    rebuild_all,
    retire_originals,
)
from calotype.bootstrap.shape import Embedded, must_migrate, open_embedded, prepare
from calotype.bootstrap.web import build_services
from calotype.bootstrap.worker import build_forget, build_handlers, build_lanes, build_worker

__all__ = [
    "Embedded",
    "build_checks",
    "build_forget",
    "build_handlers",
    "build_lanes",
    "build_post_census",
    "build_services",
    "build_worker",
    "celebrity_posts",
    "fan_out",
    "must_migrate",
    "open_embedded",
    "prepare",
    "rebuild_all",
    "retire_originals",
]
