"""The filters that there are, in the order in which they are offered.

Named after places, people and things of early photography and of ordinary days. A name is for
good: posts remember it, and renditions are made from it again years later. So a filter's numbers
are not changed either; a better one gets a name of its own.
"""

from calotype.media.filters import Filter, Vignette, monochrome, saturation

FILTERS = (
    Filter(
        # Clear and a little warm: what a good day looks like in memory.
        name="market",
        label="Market",
        matrix=saturation(1.22),
        red=((0, 0), (64, 56), (128, 133), (192, 203), (255, 255)),
        green=((0, 0), (64, 57), (128, 131), (192, 200), (255, 255)),
        blue=((0, 2), (64, 58), (128, 126), (192, 192), (255, 248)),
    ),
    Filter(
        # Late summer, late afternoon.
        name="august",
        label="August",
        matrix=saturation(1.06),
        red=((0, 8), (64, 72), (128, 148), (192, 216), (255, 255)),
        green=((0, 4), (64, 62), (128, 132), (192, 198), (255, 246)),
        blue=((0, 6), (64, 56), (128, 110), (192, 169), (255, 224)),
        vignette=Vignette(0.18, 0.5),
    ),
    Filter(
        # Kind to skin: low contrast, light and rosy.
        name="peach",
        label="Peach",
        matrix=saturation(0.92),
        red=((0, 20), (64, 88), (128, 156), (192, 214), (255, 255)),
        green=((0, 16), (64, 76), (128, 140), (192, 200), (255, 248)),
        blue=((0, 18), (64, 74), (128, 134), (192, 192), (255, 240)),
    ),
    Filter(
        # Washed and dried in the sun: pale, soft, nearly without black.
        name="linen",
        label="Linen",
        matrix=saturation(0.68),
        red=((0, 34), (64, 94), (128, 154), (192, 211), (255, 252)),
        green=((0, 34), (64, 92), (128, 151), (192, 208), (255, 249)),
        blue=((0, 36), (64, 90), (128, 145), (192, 199), (255, 239)),
    ),
    Filter(
        # A print from a shoe box: yellowed lights, shadows gone to violet.
        name="attic",
        label="Attic",
        matrix=saturation(0.78),
        red=((0, 38), (64, 82), (128, 142), (192, 205), (255, 248)),
        green=((0, 24), (64, 70), (128, 134), (192, 196), (255, 238)),
        blue=((0, 40), (64, 78), (128, 122), (192, 166), (255, 204)),
        vignette=Vignette(0.22, 0.45),
    ),
    Filter(
        # Consumer film of the seventies, a shade too red.
        name="cassette",
        label="Cassette",
        matrix=((1.04, 0.02, -0.06, 0.0), (0.02, 0.90, 0.06, 0.0), (0.02, 0.10, 0.82, 0.0)),
        red=((0, 22), (64, 80), (128, 148), (192, 212), (255, 252)),
        green=((0, 14), (64, 64), (128, 126), (192, 190), (255, 240)),
        blue=((0, 30), (64, 72), (128, 120), (192, 172), (255, 220)),
        vignette=Vignette(0.16, 0.5),
    ),
    Filter(
        # Slide film in the wrong bath: green shadows, yellow lights, hard contrast.
        name="kiosk",
        label="Kiosk",
        matrix=saturation(1.12),
        red=((0, 0), (64, 44), (128, 136), (192, 222), (255, 255)),
        green=((0, 6), (64, 62), (128, 140), (192, 212), (255, 252)),
        blue=((0, 36), (64, 76), (128, 122), (192, 166), (255, 214)),
        vignette=Vignette(0.34, 0.4),
    ),
    Filter(
        # The cinema's pair: teal in the shadows, skin and lamps in orange.
        name="matinee",
        label="Matinee",
        matrix=((1.12, -0.06, -0.06, 0.0), (0.0, 1.0, 0.0, 0.0), (-0.06, 0.04, 1.02, 0.0)),
        red=((0, 0), (64, 48), (128, 130), (192, 212), (255, 255)),
        green=((0, 8), (64, 62), (128, 128), (192, 194), (255, 244)),
        blue=((0, 24), (64, 76), (128, 126), (192, 174), (255, 222)),
        vignette=Vignette(0.24, 0.45),
    ),
    Filter(
        # Under trees after rain.
        name="moss",
        label="Moss",
        matrix=((0.98, 0.02, 0.0, 0.0), (0.03, 0.96, 0.01, 0.0), (0.06, 0.10, 0.80, 0.0)),
        red=((0, 12), (64, 62), (128, 125), (192, 192), (255, 248)),
        green=((0, 16), (64, 67), (128, 129), (192, 192), (255, 244)),
        blue=((0, 16), (64, 60), (128, 112), (192, 170), (255, 224)),
        vignette=Vignette(0.2, 0.45),
    ),
    Filter(
        # Clear northern light: cool, clean, the blues deep.
        name="fjord",
        label="Fjord",
        matrix=saturation(0.94),
        red=((0, 0), (64, 50), (128, 116), (192, 186), (255, 246)),
        green=((0, 4), (64, 62), (128, 130), (192, 197), (255, 252)),
        blue=((0, 14), (64, 78), (128, 144), (192, 208), (255, 255)),
    ),
    Filter(
        # The quarter of an hour after the sun: violet air, a last pink in the lights.
        name="dusk",
        label="Dusk",
        matrix=((0.96, 0.0, 0.04, 0.0), (0.02, 0.92, 0.06, 0.0), (0.06, 0.06, 0.92, 0.0)),
        red=((0, 20), (64, 66), (128, 134), (192, 206), (255, 253)),
        green=((0, 14), (64, 57), (128, 118), (192, 187), (255, 240)),
        blue=((0, 38), (64, 86), (128, 141), (192, 195), (255, 240)),
        vignette=Vignette(0.22, 0.4),
    ),
    Filter(
        # Silver left in the film: little colour, much contrast, cold metal.
        name="tintype",
        label="Tintype",
        matrix=saturation(0.38),
        red=((0, 0), (64, 46), (128, 126), (192, 206), (255, 250)),
        green=((0, 2), (64, 49), (128, 129), (192, 208), (255, 252)),
        blue=((0, 6), (64, 54), (128, 132), (192, 209), (255, 252)),
        vignette=Vignette(0.3, 0.45),
    ),
    Filter(
        # Black and white in a long, gentle scale, toned in selenium.
        name="silver",
        label="Silver",
        matrix=monochrome(0.34, 0.54, 0.12),
        red=((0, 8), (64, 58), (128, 132), (192, 206), (255, 254)),
        green=((0, 7), (64, 56), (128, 130), (192, 205), (255, 253)),
        blue=((0, 12), (64, 60), (128, 132), (192, 204), (255, 250)),
    ),
    Filter(
        # Black and white through a red glass: dark skies, hard light.
        name="soot",
        label="Soot",
        matrix=monochrome(0.62, 0.34, 0.04),
        red=((0, 0), (48, 20), (128, 128), (200, 226), (255, 255)),
        green=((0, 0), (48, 20), (128, 128), (200, 226), (255, 255)),
        blue=((0, 0), (48, 20), (128, 128), (200, 226), (255, 255)),
        vignette=Vignette(0.36, 0.4),
    ),
    Filter(
        # A salted-paper print from a paper negative, as Talbot made them at Lacock Abbey.
        name="lacock",
        label="Lacock",
        matrix=monochrome(0.20, 0.58, 0.22),
        red=((0, 46), (64, 98), (128, 164), (192, 219), (255, 250)),
        green=((0, 27), (64, 72), (128, 138), (192, 199), (255, 240)),
        blue=((0, 19), (64, 53), (128, 108), (192, 168), (255, 217)),
        vignette=Vignette(0.28, 0.35),
    ),
    Filter(
        # A cyanotype, as Anna Atkins made of algae for the first book of photographs.
        name="atkins",
        label="Atkins",
        matrix=monochrome(0.34, 0.50, 0.16),
        red=((0, 8), (64, 26), (128, 86), (192, 176), (255, 240)),
        green=((0, 28), (64, 66), (128, 128), (192, 200), (255, 246)),
        blue=((0, 72), (64, 118), (128, 170), (192, 216), (255, 242)),
        vignette=Vignette(0.14, 0.5),
    ),
)
FILTERS_BY_NAME = {each.name: each for each in FILTERS}
