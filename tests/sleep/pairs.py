"""Texts that differ in one word that tells."""

_OF = {
    "Anna must be given {} every morning before breakfast with a glass of water":
        ("penicillin", "ibuprofen"),
    "the spare key of the flat in the old town is with {} until the end of the summer":
        ("Anna", "Paul"),
    "the meeting about the new roof of the school by the sea takes place on {} at noon":
        ("Monday", "Friday"),
    "the alarm of the back door of the house in the mountains is {} during the night":
        ("enabled", "disabled"),
    "the children need {} litres of milk for the pancakes on the first day of the week":
        ("two", "five"),
    "we walked along the old {} until the lamps of the harbour came on one by one":
        ("river", "canal"),
    "Der Ofen in der alten Küche des Hauses am See ist an diesem Abend {} an": ("schon", "nicht"),
    "O forno da velha cozinha da casa da praia {} está ligado hoje de manhã": ("já", "não"),
    "El viejo tren de la costa {} llega a tiempo a la estación de la capital":
        ("siempre", "nunca"),
    "Старая печь на кухне в доме за озером сегодня вечером {} горит": ("уже", "не"),
}  # fmt: skip
PAIRS = [tuple(text.format(word) for word in words) for text, words in _OF.items()]
