"""Colour that a file gives by numbers, as an ICC profile: so that there is one way to sRGB.

Sources: ICC.1:2010 (the profile format; matrix and curves only), ITU-T H.273 (the numbers),
SMPTE ST 2084 and ITU-R BT.2100 (PQ, HLG), ITU-R BT.2408 (203 cd/m2 for white).
"""

import functools
import math
import struct
from collections.abc import Callable, Sequence

Chromaticities = Sequence[tuple[float, float]]  # x and y of white, red, green, blue
Curve = Callable[[float], float]  # from an encoded value to light, both 0 to 1
Vector = tuple[float, float, float]
Matrix = tuple[Vector, Vector, Vector]

SRGB_GAMMA = 2.2  # the nearest power; asked for, the exact curve of sRGB is meant
_D65 = (0.3127, 0.3290)
_BT709 = (_D65, (0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
_PRIMARIES: dict[int, Chromaticities] = {
    1: _BT709,
    9: (_D65, (0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
    11: ((0.314, 0.351), (0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
    12: (_D65, (0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
}
_D50 = (0.9642, 1.0, 0.8249)
# Bradford's cone response (ICC.1:2010, annex E).
_CONES: Matrix = ((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296))
_TABLE = 4096
_WHITE_NITS, _PEAK_NITS = 203, 1000
_KNEE = 0.6  # of white; what is darker is left as it is, what is brighter bends towards white


@functools.lru_cache(maxsize=16)
def cicp_profile(primaries: int, transfer: int) -> bytes | None:
    """The profile of code points of ITU-T H.273; None where they mean sRGB, or say nothing.

    Television's curves are taken for sRGB's, as browsers do: still pictures that bear their
    numbers were encoded for sRGB. PQ and HLG are bent into the range of sRGB.
    """
    chromaticities = _PRIMARIES.get(primaries, _BT709)
    curve = _CURVES.get(transfer, _srgb)
    if chromaticities is _BT709 and curve is _srgb:
        return None
    return _profile(chromaticities, curve)


def gamma_profile(
    gamma: float, chromaticities: Chromaticities | None = None, grey: bool = False
) -> bytes | None:
    """The profile of a power curve; None where it means sRGB, or cannot be."""
    near = chromaticities is None or all(
        math.dist(mine, srgb) < 0.01 for mine, srgb in zip(chromaticities, _BT709, strict=True)
    )
    if (near and gamma == SRGB_GAMMA) or not 0.1 <= gamma <= 10:
        return None

    def power(value: float) -> float:
        return math.pow(value, gamma)

    curve = _srgb if gamma == SRGB_GAMMA else power
    if grey:
        return _grey_profile(curve)
    try:
        return _profile(_BT709 if chromaticities is None or near else chromaticities, curve)
    except (ZeroDivisionError, struct.error):
        return None  # chromaticities of no colours


def _srgb(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def _pq(value: float) -> float:
    m1, m2, c1, c2, c3 = 0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875
    root = value ** (1 / m2)
    nits = 10_000 * (max(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1)
    return _bent(nits / _WHITE_NITS)


def _hlg(value: float) -> float:
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = value * value / 3 if value <= 0.5 else (math.exp((value - c) / a) + b) / 12
    return _bent(scene**1.2 * _PEAK_NITS / _WHITE_NITS)


def _bent(light: float) -> float:
    """Light in shares of white to 0 to 1: Reinhard's extended curve above a knee."""
    if light <= _KNEE:
        return light
    reach = (_PEAK_NITS / _WHITE_NITS - _KNEE) / (1 - _KNEE)
    above = (light - _KNEE) / (1 - _KNEE)
    return min(1.0, _KNEE + (1 - _KNEE) * above * (1 + above / reach**2) / (1 + above))


_CURVES: dict[int, Curve] = {
    4: lambda value: value**2.2,
    5: lambda value: value**2.8,
    8: lambda value: value,
    16: _pq,
    18: _hlg,
}


def _profile(chromaticities: Chromaticities, curve: Curve) -> bytes:
    """Raises ZeroDivisionError or struct.error: these are no colours."""
    columns = _to_d50(chromaticities)
    tags = {b"wtpt": _xyz(_D50)}
    tags |= {b"%cXYZ" % name: _xyz(column) for name, column in zip(b"rgb", columns, strict=True)}
    tags |= {b"%cTRC" % name: _curve(curve) for name in b"rgb"}
    return _assembled(b"RGB ", tags)


def _grey_profile(curve: Curve) -> bytes:
    return _assembled(b"GRAY", {b"wtpt": _xyz(_D50), b"kTRC": _curve(curve)})


def _assembled(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    tags[b"desc"] = b"desc\0\0\0\0" + struct.pack(">I", 2) + b"-\0" + bytes(78)
    tags[b"cprt"] = b"text\0\0\0\0-\0"
    start = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for name, content in tags.items():
        table += struct.pack(">4sII", name, start + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    size = start + len(body)
    head = struct.pack(">I4xI4s4s4s", size, 0x02400000, b"mntr", space, b"XYZ ")
    head += bytes(12) + b"acsp" + bytes(28) + _fixed(*_D50)
    return head.ljust(128, b"\0") + table + body


def _curve(curve: Curve) -> bytes:
    values = (round(65535 * min(max(curve(n / (_TABLE - 1)), 0), 1)) for n in range(_TABLE))
    return b"curv\0\0\0\0" + struct.pack(f">I{_TABLE}H", _TABLE, *values)


def _xyz(values: Vector) -> bytes:
    return b"XYZ \0\0\0\0" + _fixed(*values)


def _fixed(*values: float) -> bytes:
    return struct.pack(f">{len(values)}i", *(round(value * 65536) for value in values))


def _to_d50(chromaticities: Chromaticities) -> Matrix:
    """XYZ of red, green and blue at full, adapted to D50."""
    white, *colours = (_light(x, y) for x, y in chromaticities)
    rows = _transposed((colours[0], colours[1], colours[2]))
    amounts = _times(_inverse(rows), white)
    wanted, given = _times(_CONES, _D50), _times(_CONES, white)
    back = _inverse(_CONES)

    def adapted(colour: Vector, amount: float) -> Vector:
        cones = _times(_CONES, colour)
        x, y, z = (c * amount * w / g for c, w, g in zip(cones, wanted, given, strict=True))
        return _times(back, (x, y, z))

    red, green, blue = map(adapted, colours, amounts)
    return red, green, blue


def _light(x: float, y: float) -> Vector:
    return x / y, 1.0, (1 - x - y) / y


def _times(matrix: Matrix, vector: Vector) -> Vector:
    x, y, z = (sum(m * v for m, v in zip(row, vector, strict=True)) for row in matrix)
    return x, y, z


def _transposed(matrix: Matrix) -> Matrix:
    first, second, third = zip(*matrix, strict=True)
    return first, second, third


def _inverse(matrix: Matrix) -> Matrix:
    (a, b, c), (d, e, f), (g, h, i) = matrix
    whole = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
    return (
        ((e * i - f * h) / whole, (c * h - b * i) / whole, (b * f - c * e) / whole),
        ((f * g - d * i) / whole, (a * i - c * g) / whole, (c * d - a * f) / whole),
        ((d * h - e * g) / whole, (b * g - a * h) / whole, (a * e - b * d) / whole),
    )
