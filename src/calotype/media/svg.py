"""A filter as an SVG filter, so that a browser's preview shows the pixels that the server makes.

The four parts of `svg` are all that a client needs to build: see its docstring.
"""

from urllib.parse import quote

from calotype.media.filters import Filter, Matrix, Stops, Table


def svg(filter_: Filter, strength: float) -> str:
    """The `<filter>` element, its id `calotype-` and the filter's name, at a strength of 0 to 1.

    In sRGB, or browsers would compute in linear light (16 levels off). First feColorMatrix and
    feComponentTransfer, with the numbers of `Filter.at`. The vignette is black of a varying
    opacity laid over the picture, which is the same as multiplying by 1 - darkness: a radial
    gradient whose ellipse goes through the corners (r = sqrt(1/2) of a box stretched over the
    picture), drawn in full by feImage, its opacity multiplied by the strength, and composed `atop`,
    so that transparency stays. A slider therefore changes numbers alone and never the image.
    On an opaque picture the CSS `radial-gradient(farthest-corner, ...)` of the same stops, in an
    element above it whose opacity is the strength, is the same again.
    """
    grade = filter_.at(strength)
    red, green, blue = map(_numbers, grade.tables)
    parts = [
        f'<filter id="calotype-{filter_.name}" x="0" y="0" width="1" height="1"'
        ' color-interpolation-filters="sRGB">',
        f'<feColorMatrix type="matrix" values="{_matrix(grade.matrix)}"/>',
        '<feComponentTransfer result="toned">',
        f'<feFuncR type="table" tableValues="{red}"/>',
        f'<feFuncG type="table" tableValues="{green}"/>',
        f'<feFuncB type="table" tableValues="{blue}"/>',
        "</feComponentTransfer>",
    ]
    if stops := filter_.vignette.stops():
        parts += [
            f'<feImage href="{_gradient(stops)}" preserveAspectRatio="none"/>',
            f'<feComponentTransfer><feFuncA type="linear" slope="{_number(strength)}"/>'
            "</feComponentTransfer>",
            '<feComposite operator="atop" in2="toned"/>',
        ]
    return "".join((*parts, "</filter>"))


def _matrix(matrix: Matrix) -> str:
    """The 4 x 5 values of feColorMatrix: alpha is not read, and stays."""
    rows = [_numbers((*row[:3], 0.0, row[3])) for row in matrix]
    return " ".join((*rows, "0 0 0 1 0"))


def _gradient(stops: Stops) -> str:
    marks = "".join(
        f"<stop offset='{_number(distance)}' stop-opacity='{_number(darkness)}'/>"
        for distance, darkness in stops
    )
    picture = (
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 1 1' preserveAspectRatio='none'>"
        f"<radialGradient id='g' r='.70711'>{marks}</radialGradient>"
        "<rect width='1' height='1' fill='url(#g)'/></svg>"
    )
    return "data:image/svg+xml," + quote(picture, safe="/:='")


def _numbers(values: Table) -> str:
    return " ".join(map(_number, values))


def _number(value: float) -> str:
    return f"{value:.5f}".rstrip("0").rstrip(".")
