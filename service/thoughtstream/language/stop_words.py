"""Words that say nothing in the language that a text is in."""

from functools import lru_cache

from thoughtstream.language.english import STOP_WORDS

_OTHERS = (
    """
    ab aber alle als also am an auch auf aus bei bin bis bist da dann das dass dem den der des die
    dir doch du durch ein eine einem einen einer eines er es euch fur gab gibt habe haben hat hatte
    hier ich ihm ihn ihr ihre im in ist ja kann kein keine konnte man mal mein mich mir mit muss
    nach nicht noch nun nur oder ob schon sehr sein seine seit sich sie sind so soll uber um und uns
    unter vom von vor war waren warum was wann welche welchen welcher welches wem wen wenn wer
    werden wie wieder wieso wir wird wo wohin woher wurde zu zum zur
    """,
    """
    a al algo como con cual cuales cuando cuanta cuantas cuanto cuantos de del desde donde el ella
    ellas ellos en era es esa ese eso esta este esto fue ha han hay hasta la las le les lo los mas
    me mi mis muy nada ni no nos o para pero por porque que quien quienes se ser si sin sobre son su
    sus tambien te tiene tienen tu un una unas unos va y ya yo
    """,
    """
    a ai ainsi as au aux avec c ce ces cet cette comme combien d dans de des du elle elles en est et
    etait eux il ils j je l la le les leur leurs lui m ma mais me mes moi mon n ne nos notre nous on
    ont ou par pas pour pourquoi qu quand que quel quelle quelles quels qui quoi s sa sans se ses
    si son sont sur t ta te tes toi ton tu un une va vos votre vous y
    """,
    """
    a ao aos as ate com como da das de dela dele do dos e ela elas ele eles em era essa esse esta
    este eu foi ha isso ja la lhe mais mas me meu minha muito na nas nem no nos nao o onde os ou
    para pela pelo por porque qual quais quando quanta quantas quanto quantos que quem se sem ser
    seu seus sua suas tambem te tem um uma vai voce
    """,
)
_LEAST = 2


@lru_cache(maxsize=1024)
def stop_words_of(told: frozenset[str]) -> frozenset[str]:
    """Of a text of these words: those of the language that it has most words of; English, if no
    other has more, and at least two.
    """
    best = max(_LANGUAGES, key=lambda one: len(one & told))
    found = len(best & told)
    is_other = found >= _LEAST and found > len(STOP_WORDS & told)
    return best if is_other else STOP_WORDS


_LANGUAGES = tuple(frozenset(spelled.split()) for spelled in _OTHERS)
