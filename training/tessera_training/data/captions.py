"""Words for pictures: what a member might type to get this one."""

import random
import re

ARTICLES = {
    "de": ["ein", "eine"],
    "fr": ["un", "une"],
    "es": ["un", "una"],
    "it": ["un", "una"],
    "pt": ["um", "uma"],
    "nl": ["een"],
}
NUMBERS = {2: ["two", "2"], 3: ["three", "3"], 4: ["four", "4"], 5: ["five", "5"]}
COLOURS = {
    "red": (0.86, 0.20, 0.18), "orange": (0.96, 0.56, 0.13), "yellow": (0.98, 0.84, 0.24), "green": (0.30, 0.69, 0.31),
    "blue": (0.18, 0.46, 0.87), "purple": (0.55, 0.28, 0.73), "pink": (0.97, 0.56, 0.73), "brown": (0.50, 0.34, 0.24),
    "black": (0.10, 0.10, 0.11), "white": (0.97, 0.97, 0.97), "grey": (0.55, 0.57, 0.60),
}  # fmt: skip

COLOUR_FIRST = {"de", "nl", "ru"}  # where a colour stands before the thing, in the others behind it
# Colours in the order of COLOURS. Endings are drawn, not declined.
COLOUR_WORDS = {
    "de": (
        "rote/rotes/roter orange gelbe/gelbes/gelber grüne/grünes/grüner blaue/blaues/blauer lila rosa "
        "braune/braunes/brauner schwarze/schwarzes/schwarzer weiße/weißes/weißer graue/graues/grauer"
    ),
    "nl": (
        "rode/rood oranje gele/geel groene/groen blauwe/blauw paarse/paars roze bruine/bruin zwarte/zwart "
        "witte/wit grijze/grijs"
    ),
    "ru": (
        "красный/красная оранжевый/оранжевая жёлтый/желтая зелёный/зеленая синий/синяя фиолетовый/фиолетовая "
        "розовый/розовая коричневый/коричневая чёрный/черная белый/белая серый/серая"
    ),
    "fr": (
        "rouge orange jaune vert/verte bleu/bleue violet/violette rose marron/brun noir/noire blanc/blanche gris/grise"
    ),
    "es": "rojo/roja naranja amarillo/amarilla verde azul morado/morada rosa marrón negro/negra blanco/blanca gris",
    "it": "rosso/rossa arancione giallo/gialla verde blu viola rosa marrone nero/nera bianco/bianca grigio/grigia",
    "pt": "vermelho/vermelha laranja amarelo/amarela verde azul roxo/roxa rosa marrom preto/preta branco/branca cinza",
}


def plural(noun: str) -> str:
    if re.search(r"(s|x|z|ch|sh)$", noun):
        return noun + "es"
    if re.search(r"[^aeiou]y$", noun):
        return noun[:-1] + "ies"
    return noun + "s"


class Captioner:
    """Draws captions for a concept; `rng` decides everything, so a seed fixes them."""

    def __init__(self, concepts: dict, rng: random.Random):
        self.concepts, self.rng = concepts, rng

    def words(self, concept: str, name: str | None = None) -> str:
        """A way to say the concept: label, tag words, the icon's own name, or the label in another language."""
        rng, entry = self.rng, self.concepts[concept]
        roll = rng.random()
        if roll < 0.22 and entry["names"]:
            language = rng.choice(list(entry["names"]))
            article = f"{rng.choice(ARTICLES[language])} " if language in ARTICLES and rng.random() < 0.3 else ""
            return article + entry["names"][language]
        if roll < 0.27 and entry["words"]:
            words = rng.choice(list(entry["words"].values()))
            if words:
                return " ".join(rng.sample(words, min(len(words), rng.randint(1, 2))))
        if roll < 0.42 and len(entry["tags"]) > 1:
            return " ".join(rng.sample(entry["tags"], min(len(entry["tags"]), rng.randint(2, 3))))
        if roll < 0.50 and entry["tags"]:
            return f"{entry['label']} {rng.choice(entry['tags'])}"
        if roll < 0.56 and name:
            return re.sub(r"[-_ ]+", " ", name)
        return entry["label"]

    def one(self, concept: str, style: str | None, name: str | None = None) -> str:
        """One object, in a style if one is asked for."""
        words, rng = self.words(concept, name), self.rng
        if rng.random() < 0.25:
            words = rng.choice(["a ", "a picture of a ", "emoji of a ", "an emoji: ", "sticker of a ", "cute "]) + words
        return self.in_style(words, style)

    def tinted(self, concept: str, colour: str) -> str:
        """The thing in a colour ("a blue fox"), in one language in four another than English."""
        rng, entry = self.rng, self.concepts[concept]
        languages = [language for language in COLOUR_WORDS if language in entry["names"]]
        if languages and rng.random() < 0.25:
            language = rng.choice(languages)
            word = rng.choice(COLOUR_WORDS[language].split()[list(COLOURS).index(colour)].split("/"))
            pair = [word, entry["names"][language]] if language in COLOUR_FIRST else [entry["names"][language], word]
            article = [rng.choice(ARTICLES[language])] if language in ARTICLES and rng.random() < 0.5 else []
            return " ".join(article + pair)
        return rng.choice(["a ", "", ""]) + f"{colour} {entry['label']}"

    def in_style(self, words: str, style: str | None) -> str:
        rng = self.rng
        if style is None:
            return words
        return rng.choice(
            [f"{words}, {style} style", f"{words}, {style} style", f"{words}, {style}", f"{style} {words}"]
        )

    def label(self, concept: str) -> str:
        return self.concepts[concept]["label"]


def canonical(concepts: dict, concept: str, style: str | None = None) -> str:
    """The fixed caption of evaluation."""
    label = concepts[concept]["label"]
    return label if style is None else f"{label}, {style} style"
