"""Who lives in the community: names of many places, and a line about each."""

import unicodedata
from random import Random

import msgspec

# fmt: off
_NAMES = (
    "Amara Okafor", "Kenji Watanabe", "Sofía Herrera", "Liam O'Connell", "Priya Raman",
    "Mateus Oliveira", "Ingrid Solberg", "Youssef Benali", "Mei-Lin Chen", "Tomasz Zieliński",
    "Aroha Ngata", "Elif Demir", "Nikos Papadakis", "Zanele Dlamini", "Hugo Lefèvre",
    "Anjali Deshmukh", "Bogdan Ionescu", "Fatou Diop", "Jonas Lindqvist", "Camila Rojas",
    "Dariush Tehrani", "Freya Magnusdóttir", "Kwame Mensah", "Linh Nguyễn", "Marco Bellini",
    "Noor al-Sayed", "Oksana Kovalenko", "Paulo Mendes", "Rania Haddad", "Seo-yeon Park",
    "Thabo Molefe", "Ulla Virtanen", "Valentina Greco", "Wanjiru Kamau", "Xiomara Castillo",
    "Yuki Tanabe", "Zoran Petrović", "Alasdair Munro", "Birgit Hoffmann", "Chidi Eze",
    "Dolma Tsering", "Emre Yıldız", "Gwen Pritchard", "Hana Novotná", "Isabel Quispe",
    "Jasper de Vries", "Kalani Kealoha", "Leila Farsi", "Miriam Goldberg", "Nayeli Hernández",
)
_FORENAMES = (
    "Ada", "Bao", "Chiara", "Desta", "Eero", "Farah", "Goran", "Hye-jin", "Imani", "Joaquín",
    "Keira", "Lwazi", "Maja", "Nadim", "Olu", "Petra", "Ravi", "Sina", "Tiago", "Uma",
)
_SURNAMES = (
    "Abebe", "Björk", "Costa", "Dahl", "Eriksen", "Fofana", "Gupta", "Horváth", "Ito", "Jansen",
    "Kaya", "Lopes", "Moreau", "Nkosi", "Osei", "Popova", "Reyes", "Schmid", "Tran", "Weber",
)
_TRADES = (
    "Bookbinder", "Night nurse", "Gardener", "Teacher of geography", "Cellist", "Baker", "Ferry pilot",
    "Map maker", "Carpenter", "Botanist", "Translator", "Ceramicist", "Cook", "Retired lighthouse keeper",
    "Architect", "Weaver", "Geologist", "Bicycle mender", "Printmaker", "Student of old processes",
)
_LOVES = {
    "mountains": "the hour before the valleys wake", "dunes": "wind and what it draws in sand",
    "forest": "fog between trees", "sea": "the last ten minutes of light", "night": "dark skies",
    "aurora": "winters far north", "city": "other people's windows", "rain": "rain on the tram home",
    "window": "old windows", "fruit": "fruit that stays on the table too long",
    "cyanotype": "plants, sun and iron salts",
}
_ENDINGS = (
    "Film mostly.", "One print a day.", "Slow pictures.", "Always too early for the train.", "",
    "Say hello.", "Prints on request.", "Learning as I go.", "No people, mostly.", "",
)
_ASCII = str.maketrans({"ı": "i", "ł": "l", "ø": "o", "đ": "d", "ð": "d", "ß": "ss", "’": "", "'": ""})
# fmt: on


class Person(msgspec.Struct, frozen=True):
    """Someone of the community. `loves` are the kinds of scenes they photograph, best first."""

    username: str
    name: str
    bio: str
    loves: tuple[str, ...]


def invite(chance: Random, count: int, kinds: tuple[str, ...]) -> list[Person]:
    """As many people as asked for, each with a name and a username of their own."""
    people: list[Person] = []
    taken: set[str] = set()
    for number in range(count):
        name = _NAMES[number] if number < len(_NAMES) else _made_up(chance)
        username = _username(name, chance, taken)
        taken.add(username)
        loves = tuple(chance.sample(kinds, min(3, len(kinds))))
        people.append(Person(username, name, _bio(chance, loves[0]), loves))
    return people


def _made_up(chance: Random) -> str:
    return f"{chance.choice(_FORENAMES)} {chance.choice(_SURNAMES)}"


def _bio(chance: Random, loved: str) -> str:
    trade, ending = chance.choice(_TRADES), chance.choice(_ENDINGS)
    love = _LOVES.get(loved, "whatever the light does")
    return f"{trade}. I photograph {love}. {ending}".strip()


def _username(name: str, chance: Random, taken: set[str]) -> str:
    first, *_, last = _plain(name).split()
    styles = [
        f"{first}.{last}",
        f"{first}{last}",
        f"{first}_{last}",
        f"{first[0]}{last}",
        f"{last}.{first}",
    ]
    wished = chance.choice(styles)[:26]
    number = 2
    username = wished
    while username in taken or len(username) < 3:
        username, number = f"{wished}{number}", number + 1
    return username


def _plain(name: str) -> str:
    apart = unicodedata.normalize("NFKD", name.lower().translate(_ASCII))
    letters = (letter for letter in apart if not unicodedata.combining(letter))
    return "".join(letter for letter in letters if letter.isascii() and letter in _KEPT)


_KEPT = frozenset("abcdefghijklmnopqrstuvwxyz ")
