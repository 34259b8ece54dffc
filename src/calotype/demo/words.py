"""What people write under a scene: captions, tags, places where there is such a thing, alt texts."""

from collections.abc import Mapping

import msgspec


class Spot(msgspec.Struct, frozen=True):
    """A place by name and position (degrees, WGS 84)."""

    name: str
    latitude: float
    longitude: float


class Words(msgspec.Struct, frozen=True):
    """What may be said about one kind of scene. `alt` describes any picture of the kind."""

    captions: tuple[str, ...]
    tags: tuple[str, ...]
    spots: tuple[Spot, ...]
    alt: str


# fmt: off
WORDS: Mapping[str, Words] = {
    "mountains": Words(
        ("Ridge after ridge after ridge.", "Up at four, worth it by five.", "The valley kept its mist until nine.",
         "Counted the ridges, got a different number each time.", "Not a sound up here.", "First light, cold tea. #morning",
         "The map says there are villages under there.", "Everything turns into paper cut-outs at this hour."),
        ("mountains", "mist", "layers", "hiking", "firstlight"),
        (Spot("Seealpsee, Appenzell", 47.2683, 9.4003), Spot("Huangshan", 30.1300, 118.1700), Spot("Blue Ridge Parkway", 35.7000, -82.2800),
         Spot("Zhangjiajie", 29.3249, 110.4343), Spot("Durmitor", 43.1556, 19.0943), Spot("Munnar", 10.0889, 77.0595)),
        "Layered mountain ridges fading into morning mist"),
    "dunes": Words(
        ("The wind had signed it an hour before.", "Sand in the camera, sand in the bread. #desert", "Shadows do all the work here.",
         "Walked back along my own footprints until they were gone.", "Nothing, beautifully arranged.", "Light from one side, silence from all of them."),
        ("desert", "dunes", "minimal", "shadows", "sand"),
        (Spot("Erg Chebbi, Merzouga", 31.1480, -3.9720), Spot("Sossusvlei", -24.7275, 15.3415), Spot("Rub' al Khali, Liwa", 23.1000, 53.7700),
         Spot("Huacachina", -14.0875, -75.7633), Spot("Mesquite Flat", 36.6158, -117.1148)),
        "Desert dunes in low light, their flanks in long shadow"),
    "forest": Words(
        ("Fog so thick the birds were walking.", "The forest two minutes from the bus stop.", "Trunks, then fainter trunks.",
         "Waited for someone to walk through. Nobody did.", "It smelled of resin and rain. #woods", "Stood still until it felt rude to leave."),
        ("forest", "fog", "trees", "woods", "quiet"),
        (Spot("Black Forest, Feldberg", 47.8744, 8.0044), Spot("Białowieża", 52.7000, 23.8667), Spot("Yakushima", 30.3500, 130.5300),
         Spot("Muir Woods", 37.8970, -122.5811), Spot("Nuuksio", 60.3000, 24.5000)),
        "Tall bare trunks standing in fog, the far ones nearly gone"),
    "sea": Words(
        ("And then it was gone.", "Missed the ferry, got this instead.", "The whole harbour stopped talking for a minute. #sunset",
         "Salt on everything.", "Same bench, same hour, never the same sea.", "Last swim of the year, probably.", "Someone out there has the better view."),
        ("sea", "sunset", "evening", "horizon", "goldenhour"),
        (Spot("Essaouira", 31.5085, -9.7595), Spot("Naxos", 37.1036, 25.3766), Spot("Lofoten, Reine", 67.9324, 13.0887),
         Spot("Nazaré", 39.6012, -9.0701), Spot("Varkala", 8.7379, 76.7163), Spot("Piha", -36.9547, 174.4700)),
        "The sun low over calm water, its light in a broken path towards the shore"),
    "night": Words(
        ("Thirty seconds, no moon, cold hands.", "You could hear the stars, almost. #nightsky", "Far enough from the last street lamp.",
         "We let the fire go out for this.", "The Milky Way over the fir line.", "Slept outside, or did not sleep, outside."),
        ("nightsky", "stars", "milkyway", "longexposure", "camping"),
        (Spot("Aoraki Mackenzie", -44.0059, 170.4774), Spot("La Palma, Roque de los Muchachos", 28.7569, -17.8850), Spot("Galloway Forest", 55.0700, -4.4200),
         Spot("NamibRand", -25.0000, 16.0500), Spot("Hehuanshan", 24.1430, 121.2720)),
        "A starry sky above dark hills and the silhouettes of firs"),
    "aurora": Words(
        ("KP 6, minus 18, no regrets.", "It moved faster than I could set the tripod. #aurora", "Green first, then everything else.",
         "Ran out of the house in slippers.", "The lake showed it twice.", "Nobody spoke. Somebody cried. Me."),
        ("aurora", "northernlights", "winter", "longexposure", "lake"),
        (Spot("Abisko", 68.3495, 18.8312), Spot("Þingvellir", 64.2559, -21.1295), Spot("Inari", 68.9060, 27.0288),
         Spot("Yellowknife", 62.4540, -114.3718), Spot("Tromsø", 69.6492, 18.9553)),
        "Curtains of aurora over a dark lake that mirrors them"),
    "city": Words(
        ("Every window somebody's evening.", "Blue hour from the ferry. #bluehour", "They turn the offices off one floor at a time.",
         "Home, from the wrong side of the river.", "Too many lights to count, started anyway.", "The last tram makes the whole bridge hum."),
        ("city", "skyline", "bluehour", "windows", "nightlights"),
        (Spot("Hong Kong, Victoria Harbour", 22.2930, 114.1694), Spot("Frankfurt am Main", 50.1109, 8.6821), Spot("Chicago, Northerly Island", 41.8600, -87.6080),
         Spot("Shanghai, The Bund", 31.2400, 121.4900), Spot("Toronto Islands", 43.6205, -79.3781), Spot("Panamá, Cinta Costera", 8.9740, -79.5250)),
        "A city skyline at dusk with lit windows, mirrored in water"),
    "rain": Words(
        ("Number 9 tram, second seat on the left.", "Waiting for it to stop. Not really. #rain", "Traffic, but make it jewellery.",
         "The best filter is a wet window.", "Focus on the wrong thing on purpose.", "It rained, I stayed in, this happened."),
        ("rain", "bokeh", "window", "night", "citylights"),
        (Spot("Seattle, Capitol Hill", 47.6231, -122.3165), Spot("Bergen", 60.3929, 5.3242), Spot("Osaka, Dōtonbori", 34.6687, 135.5013),
         Spot("Manchester, Oxford Road", 53.4740, -2.2420), Spot("Bogotá, La Candelaria", 4.5960, -74.0730)),
        "Raindrops on a window, the lights of the street blurred to discs behind it"),
    "window": Words(
        ("After Talbot, with apologies. #calotype", "Paper negative, forty minutes, one window.", "The light does the same walk across this floor every day.",
         "Counted the panes, as one does.", "Salt print from last week's negative.", "The oldest view in the house."),
        ("calotype", "saltprint", "window", "alternativeprocess", "sepia"),
        (Spot("Lacock Abbey", 51.4148, -2.1171), Spot("Alcobaça", 39.5480, -8.9800), Spot("Kutná Hora", 49.9484, 15.2682), Spot("Bursa", 40.1830, 29.0610)),
        "A latticed window seen from a dark room, as a brown salt print"),
    "fruit": Words(
        ("Lunch, if I had not photographed it.", "North window, one sheet of card, patience. #stilllife", "The pear moved. I swear.",
         "Market day.", "Arranged, eaten, regretted nothing.", "Studying the Dutch, slowly.", "They lasted a week and got better every day."),
        ("stilllife", "fruit", "chiaroscuro", "windowlight", "kitchen"),
        (),
        "Fruit on a wooden table in soft light from one side"),
    "cyanotype": Words(
        ("Nine minutes of sun. #cyanotype", "From the ditch behind the school.", "After Anna Atkins, who did it first and better.",
         "The washing-up tray is blue for ever now.", "Pressed for two weeks, printed in ten minutes.", "Every one a little different, which is the point."),
        ("cyanotype", "botanical", "alternativeprocess", "blue", "plants"),
        (Spot("Kew Gardens", 51.4787, -0.2956), Spot("Kirstenbosch", -33.9875, 18.4327), Spot("Jardim Botânico, Rio", -22.9674, -43.2240)),
        "The white shape of a plant on deep blue paper with brushed edges"),
}
# fmt: on

# Under photographs of which nothing is known.
PHOTOGRAPH = Words(
    (
        "One from the archive.",
        "Found this one again.",
        "No story, just the light.",
        "From last week's walk.",
        "Still my favourite of the roll. #photography",
        "Kept coming back to this one.",
    ),
    ("photography", "photooftheday", "archive"),
    (),
    "",
)
