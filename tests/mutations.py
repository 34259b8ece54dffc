"""Damaged and hostile files, made from good ones: the same for the same seed."""

import functools
import io
import struct
from collections.abc import Callable, Iterator, Mapping
from random import Random

import pillow_heif
from PIL import Image

from tests import photos

Mutation = Callable[[bytes, Random], bytes]
# Values that lengths, sizes and counts break at.
_EDGES = (0, 1, 2, 7, 8, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x10000, 0x7FFFFFFF, 0xFFFFFFFF)


def mutants(count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Files of every format in turn, each changed in one to three ways; with a name each."""
    chance = Random(seed)
    names = sorted(seeds())
    for number in range(count):
        name = names[number % len(names)]
        data = seeds()[name]
        ways = chance.choices(_MUTATIONS, k=chance.choice((1, 1, 2, 3)))
        for mutate in ways:
            data = mutate(data, chance)
        yield f"{number} {name} {'+'.join(way.__name__.strip('_') for way in ways)}", data


@functools.cache
def seeds() -> Mapping[str, bytes]:
    """A good small file of every kind."""
    scene = photos.scene(120, 96)
    alpha = scene.convert("RGBA")
    alpha.putalpha(scene.convert("L"))
    pair = {"save_all": True, "append_images": [photos.scene(120, 96, seed=2)]}
    facts = {"exif": photos.exif_block(6, gps=True), "icc_profile": photos.wide_profile()}
    encoded = photos.encoded
    return {
        "jpeg": encoded(scene, "JPEG", **facts, restart_marker_rows=2),
        "progressive jpeg": encoded(scene, "JPEG", progressive=True, **facts),
        "cmyk jpeg": encoded(scene.convert("CMYK"), "JPEG"),
        "pair of jpegs": encoded(scene, "MPO", **pair),
        "png": encoded(scene, "PNG", **facts),
        "deep png": encoded(Image.frombytes("I;16", (60, 96), scene.tobytes()[:11520]), "PNG"),
        "palette png": encoded(scene.convert("P"), "PNG", transparency=3),
        "moving png": encoded(alpha, "PNG", **pair),
        "webp": encoded(scene, "WEBP", **facts),
        "lossless webp": encoded(alpha, "WEBP", lossless=True),
        "moving webp": encoded(scene, "WEBP", **pair),
        "gif": encoded(scene, "GIF"),
        "moving gif": encoded(scene, "GIF", **pair),
        "heic": _heic(scene, **facts),
        "tiled heic": _heic(photos.scene(200, 136), tile_size=64),
        "heic with alpha": _heic(alpha),
        "avif": encoded(scene, "AVIF", **facts, speed=10),
        "avif with alpha": encoded(alpha, "AVIF", speed=10),
        "moving avif": encoded(scene, "AVIF", **pair, speed=10),
        "tiff": encoded(scene, "TIFF", **facts),
        "packed tiff": encoded(alpha, "TIFF", compression="tiff_lzw"),
        "tiff of jpeg": encoded(scene, "TIFF", compression="jpeg"),
    }


def _heic(picture: Image.Image, **options: object) -> bytes:
    made = io.BytesIO()
    pillow_heif.from_pillow(picture).save(made, **options)
    return made.getvalue()


def _cut(data: bytes, chance: Random) -> bytes:
    return data[: chance.randrange(len(data) + 1)]


def _flip(data: bytes, chance: Random) -> bytes:
    """Flip single bits, in the head as often as anywhere."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 4, 32))):
        if changed:
            reach = chance.choice((len(changed), min(len(changed), 400)))
            changed[chance.randrange(reach)] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _splice(data: bytes, chance: Random) -> bytes:
    """Put a piece of another file, or of this one, somewhere else."""
    other = chance.choice((data, chance.choice(list(seeds().values()))))
    start, at = chance.randrange(len(other) + 1), chance.randrange(len(data) + 1)
    piece = other[start : start + chance.choice((1, 16, 300, 5000))]
    return data[:at] + piece + data[at + chance.choice((0, len(piece))) :]


def _erase(data: bytes, chance: Random) -> bytes:
    at, length = chance.randrange(len(data) + 1), chance.choice((1, 8, 200, 4000))
    return data[:at] + bytes(len(data[at : at + length])) + data[at + length :]


def _edge(data: bytes, chance: Random) -> bytes:
    """Write a number that lengths break at, of any width and order."""
    form = chance.choice(("B", "<H", ">H", "<I", ">I", ">Q"))
    width = struct.calcsize(form)
    at = chance.randrange(max(1, min(len(data), chance.choice((400, len(data) + 1)))))
    value = chance.choice(_EDGES) & (1 << 8 * width) - 1
    return data[:at] + struct.pack(form, value) + data[at + width :]


def _resize_box(data: bytes, chance: Random) -> bytes:
    """Change the size in front of a name of four letters: a box, a chunk."""
    heads = [at for at in range(4, len(data) - 4) if data[at : at + 4].isalpha()]
    if not heads:
        return data
    at = chance.choice(heads) - 4
    size = int.from_bytes(data[at : at + 4], "big")
    value = chance.choice((*_EDGES, size + 1, size - 1, size * 2)) & 0xFFFFFFFF
    return data[:at] + struct.pack(">I", value) + data[at + 4 :]


_MUTATIONS: tuple[Mutation, ...] = (_cut, _flip, _flip, _splice, _erase, _edge, _edge, _resize_box)
