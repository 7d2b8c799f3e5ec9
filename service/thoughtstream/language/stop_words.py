"""Words that say nothing in the language that a text is in."""

from functools import lru_cache

from thoughtstream.language.english import STOP_WORDS

_OTHERS = {
    "german": """
        ab aber alle als also am an auch auf aus bei bin bis bist da dann das dass dem den der des
        die dir doch du durch ein eine einem einen einer eines er es euch fur gab gibt habe haben
        hat hatte hier ich ihm ihn ihr ihre im in ist ja kann kein keine konnte mal man mein mich
        mir mit muss nach nicht noch nun nur ob oder schon sehr sein seine seit sich sie sind so
        soll uber um und uns unter vom von vor wann war waren warum was welche welchen welcher
        welches wem wen wenn wer werden wie wieder wieso wir wird wo woher wohin wurde zu zum zur
    """,
    "spanish": """
        a al algo como con cual cuales cuando cuanta cuantas cuanto cuantos de del desde donde el
        ella ellas ellos en era es esa ese eso esta este esto fue ha han hasta hay la las le les lo
        los mas me mi mis muy nada ni no nos o para pero por porque que quien quienes se ser si sin
        sobre son su sus tambien te tiene tienen tu un una unas unos va y ya yo
    """,
    "french": """
        a ai ainsi as au aux avec c ce ces cet cette combien comme d dans de des du elle elles en
        est et etait eux il ils j je l la le les leur leurs lui m ma mais me mes moi mon n ne nos
        notre nous on ont ou par pas pour pourquoi qu quand que quel quelle quelles quels qui quoi s
        sa sans se ses si son sont sur t ta te tes toi ton tu un une va vos votre vous y
    """,
    "portuguese": """
        a ao aos as ate com como da das de dela dele do dos e ela elas ele eles em era essa esse
        esta este eu foi ha isso ja la lhe mais mas me meu minha muito na nao nas nem no nos o onde
        os ou para pela pelo por porque quais qual quando quanta quantas quanto quantos que quem se
        sem ser seu seus sua suas tambem te tem um uma vai voce
    """,
    "italian": """
        a agli ai al alla alle allo anche c che chi ci con cosa da dal dalla dei del della delle di
        dove e era gli ha hai hanno ho i il in io l la le lei li lo loro lui ma me mi mia mio ne nei
        nel nella noi non o per perche piu quale quando quanto questa questo se sei si sono sua sul
        sulla suo te ti tra tu tua tuo un una uno voi
    """,
    "dutch": """
        aan al als bij dan dat de deze die dit door een en er had heb hebben heeft het hij hoe ik in
        is je jij jullie kan maar me met mij mijn naar niet nog of om omdat onder onze ook op te
        toen tot u uit van veel voor waar waarom was wat we wel werd wie wij wil worden zal ze zich
        zij zijn zo
    """,
    "swedish": """
        ar at att av blev de dem den det din du efter ej eller en ett for fran ha hade han har hon
        hur i inte jag kan med mig min mina mitt nar ni nu och om oss pa sa sig ska som till ut vad
        var varfor vem vi vid vilken
    """,
    "danish": """
        af alle at blev da de dem den der deres det din du efter eller en er et for fra han har
        havde hende hun hvad hvem hvor hvorfor hvornar i ikke ind jeg kan med mig min mit naar nar
        ned noget nogle nu og om op os pa sa sig skal som til ud var vi vil ville
    """,
    "norwegian": """
        alle at av ble da de deg dem den det din du eller en er et etter for fra ha hadde han har
        hun hva hvem hvor hvorfor i ikke jeg kan med meg min mitt na nar noe og om opp oss pa sa seg
        skal som til ut var ved vi vil
    """,
    "finnish": """
        ei eika en etta ettei han hanen he ja jo joka joku jos kanssa koska kuin kuka kun me mika
        mina minulla minun missa mita mutta myos nain ne niin nyt olen olet oli olivat on ovat se
        sen siella sina sita tai tama tassa te vaan vain voi
    """,
    "polish": """
        a ale by byc byl byla bylo co czy dla do gdy gdzie i ich ja jak jaki je jego jej jest jestem
        jeszcze juz kiedy kto ktora ktory ma mam mi mnie moj moja na nad nie o od on ona oni oraz po
        pod przez przy sa sie swoj ta tak tam te tego to tu ty tylko w we wiec z za ze
    """,
    "czech": """
        a aby ale ani az bude by byl byla bylo byt co do jak jake jako je jeho jeji jen jeste ji
        jsem jsi jsme jsou k kde kdo kdy ke ktera ktere ktery ma mam me mi muj my na nad ne nebo
        neni o od on ona oni po pod pri pro proc proto s se si sve ta tak take tam to tu ty u uz v
        ve vsak z za ze
    """,
    "turkish": """
        ama bana ben benim bir biz bu ce cok da daha de degil diye en gibi hem icin ile ise kadar ki
        kim mi mu nasil ne neden nerede o olan olarak oldu onu onun sana sen senin siz su var ve
        veya ya yok zaman
    """,
    "romanian": """
        a acest al am ar are as au ca cand care ce cine cu cum da dar de din doar e ea ei el este eu
        fi fost in inca isi la le lor lui ma mai mea meu mi nu o pe pentru prin sa sau si sunt te tu
        un unde unui va vom
    """,
    "hungarian": """
        a az azt be csak de el en es ez ezt fel ha hogy hol igen is itt kell ki le lesz maga meg
        mely mert mi miert mikor mint mit nagyon nekem nem o ott s sem te uj vagy vagyok van volt
    """,
    "indonesian": """
        ada adalah akan aku apa atau bagaimana banyak bisa dan dari dengan di dia dua ini itu juga
        kami kamu kapan ke kita mana mengapa mereka oleh pada saat saya sebagai siapa sudah telah
        tidak untuk yang
    """,
}

_IN_OTHER_LETTERS = """
    а без был была были было быть в вам вас весь во вот все всё вы где да для до его ее ей если
    есть еще же за здесь и из или им их к как какая какой ко когда кого кто куда ли мне мой моя
    мы на над нам нас не него нее нет ни но ну о об он она они оно от по под почему при с
    сколько со так там тебя то тоже ты у уже чем что чтобы эта эти это этот я
    αλλα απο αυτα αυτη αυτο αυτοσ για δε δεν ειμαι ειναι ειχε εκει ενα ενασ εχει εχω η ηταν θα
    και κατα μασ με μη μην μια μου να ο οι ομωσ οπωσ οταν οτι ποια ποιοσ ποτε που πωσ σαν σασ σε
    σου στη στην στο στον τα τη την τησ τι το τον του τουσ των ωσ
    あれ ある いう いた いつ いま いる うか から こと ここ これ この された して した
    しま すか する その それ そこ たい たの だっ だれ てい です ては での では でも
    とい とは どう どこ どの どれ ない なぜ なに なの には ので のは のが のを のに
    まし ます まで もの った って れる んで
"""  # noqa: RUF001
_IDEOGRAPHS = (
    "的了是在我你他她它们这那个個和也就都很吗嗎呢吧啊着过過得地什么麼哪谁誰几幾怎有没"
    "沒不要会會把被给給跟到从從里裡些为為們何"
)
"""Those that say nothing, neither alone nor two of them together: 我的, 什么."""

_LEAST = 2
_LATIN = {name: frozenset(spelled.split()) for name, spelled in _OTHERS.items()}
_OF_ANY: frozenset[str] = frozenset().union(*_LATIN.values())
_BY_WORD = {
    word: [at for at, some in enumerate(_LATIN.values()) if word in some] for word in _OF_ANY
}
"""By word, the numbers of its languages."""


def language_of(told: frozenset[str]) -> str | None:
    """The language, of those in Latin letters, that a text of these words is in: that which it has
    most stop words of, English if it has as many of that; None if it has none of any.
    """
    english = len(STOP_WORDS & told)
    others = _OF_ANY & told
    if len(others) > english:  # else no other language can have more
        counts = [0] * len(_LATIN)
        for word in others:
            for at in _BY_WORD[word]:
                counts[at] += 1
        found = max(counts)
        if found > english and (found >= _LEAST or not english):
            return tuple(_LATIN)[counts.index(found)]
    return "english" if english else None


@lru_cache(maxsize=1024)
def stop_words_of(told: frozenset[str]) -> frozenset[str]:
    """Of a text of these words: those of its language; English, if it isn't known."""
    return _LATIN.get(language_of(told) or "", STOP_WORDS)


OF_OTHER_LETTERS = frozenset(
    (*_IN_OTHER_LETTERS.split(), *_IDEOGRAPHS, *(a + b for a in _IDEOGRAPHS for b in _IDEOGRAPHS))
)
"""Words that say nothing in languages with letters of their own: they are words of no other."""
