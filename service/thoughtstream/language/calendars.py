"""How languages speak of days: one table each. Another language is another table, and no code.

Words stand without accents, groups apart by `;`, the words of one group by `|`, the usual one
first.
A template is a phrase with slots, a blank in it any gap between words:

- `{day}` 7, 7th or 7.; `{ordinal}` only with its mark; `{year}` four digits; `{n}` a number
- `{month}`; `{Month}` the same, but a doubtful one with a capital letter; `{name}` in full, never a
  doubtful one; `{weekday}`, `{Weekday}` only in full
- `{unit}` day, week, month, year; `{}` what one can call last or next: a weekday, a unit, a month,
  a weekend
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

Templates = tuple[str, ...]


@dataclass(frozen=True)
class Calendar:
    """The words of one language for days.

    `common`: words that tell the language, in nearly every text of it. `doubtful`: months that are
    something else, too. `days`: from a phrase to its distance from today. `nothing`: phrases that
    look like a day and are none. `coming`: words by which a text speaks of what comes.
    `day_first`: how 07/05/2023 is read; None: both ways.
    """

    common: str
    months: str
    weekdays: str
    units: str
    weekend: str
    numbers: str
    days: Mapping[str, int]
    dates: Templates
    in_month: Templates
    in_year: Templates
    on: Templates
    last: Templates
    this: Templates
    next: Templates
    ago: Templates
    ahead: Templates
    lately: Templates
    coming: str
    mark: str = r"\."
    year_after: str = ""
    doubtful: frozenset[str] = field(default_factory=frozenset)
    nothing: Templates = ()
    day_first: bool | None = True


ENGLISH = Calendar(
    common="a about and are at but did do for from had have he her his i in is it me my not of on "
    "she that the they this to was we were what when where who will with you your",
    months="january|jan; february|feb; march|mar; april|apr; may; june|jun; july|jul; august|aug; "
    "september|sept|sep; october|oct; november|nov; december|dec",
    doubtful=frozenset({"jan", "march", "mar", "april", "may", "june", "august"}),
    weekdays="monday|mon; tuesday|tues|tue; wednesday; thursday|thurs|thu; friday|fri; saturday; "
    "sunday",
    units="day|days; week|weeks; month|months; year|years",
    weekend="weekend",
    numbers="a|an|one; two|a couple of|a couple|couple; three|a few|few; four; five; six; seven; "
    "eight; nine; ten; eleven; twelve",
    days={
        "(?:the )?day before yesterday": -2, "yesterday": -1, "last night": -1,
        "last evening": -1, "today": 0, "tonight": 0, "this morning": 0, "this afternoon": 0,
        "this evening": 0, "earlier today": 0, "tomorrow": 1, "(?:the )?day after tomorrow": 2,
        "the other day": -2,
    },
    dates=(
        "{Month} {day}", "{month} {ordinal}", "{month} the {ordinal}", "{day} {Month}",
        "{ordinal} of {month}", "{day} of {Month}",
    ),
    in_month=("(?:in|since|until|till|during|before|after|by|early|late|mid|of) {month}", "{name}"),
    in_year=("(?:in|since|until|till|during|before|after|by|from|early|late|year) {year}",),
    on=("on {weekday}", "{Weekday}"),
    last=("(?:last|past|previous) {}",),
    this=("this {}",),
    next=("(?:next|coming|upcoming) {}",),
    ago=("{n} {unit} (?:ago|back|earlier)",),
    ahead=("in {n} {unit}", "{n} {unit} from now"),
    lately=("(?:last|past|previous) {n} {unit}",),
    coming="will|ll|won t|shall|going to|gonna|plan|planning|plans|upcoming|see you|looking forward"
    "|can t wait|soon|hope to|about to|let s",
    mark="st|nd|rd|th",
    year_after="of|in",
    nothing=("(?:every|each) {Weekday}", "last day", "this day"),
    day_first=None,
)  # fmt: skip

GERMAN = Calendar(
    common="aber als am auf aus bei bin bist da das dass dem den der des die du ein eine einen er "
    "es fur habe haben hat hatte ich ihr im in ist ja mein mich mir mit nicht noch sie sind "
    "so und uns von war waren warum was wann wer wie wir wo zu zum zur hast hier",
    months="januar|janner|jan; februar|feb; marz; april|apr; mai; juni; juli; august|aug; "
    "september|sept; oktober|okt; november|nov; dezember|dez",
    doubtful=frozenset({"jan", "april", "august", "mai"}),
    weekdays="montag; dienstag; mittwoch; donnerstag; freitag; samstag|sonnabend; sonntag",
    units="tag|tage|tagen; woche|wochen; monat|monate|monaten; jahr|jahre|jahren",
    weekend="wochenende",
    numbers="ein|eine|einem|einer|einen; zwei|ein paar|paar; drei|einigen; vier; funf; sechs; "
    "sieben; acht; neun; zehn; elf; zwolf",
    days={
        "vorgestern": -2, "gestern": -1, "heute morgen": 0, "heute": 0, "morgen": 1,
        "morgen fruh": 1, "ubermorgen": 2, "letzte nacht": -1,
    },
    dates=("{day} {month}",),
    in_month=(
        "(?:im|seit|bis|anfang|mitte|ende|vor|nach|den) {month}", "(?:im monat) {month}", "{name}",
    ),
    in_year=("(?:im jahr|im jahre|in|seit|bis|vor|nach|ab|anfang|ende|jahr) {year}",),
    on=("am {weekday}", "{Weekday}"),
    last=("(?:letzte[nmrs]?|vergangene[nmrs]?|vorige[nmrs]?) {}",),
    this=("(?:diese[nmrs]?) {}",),
    next=("(?:nachste[nmrs]?|kommende[nmrs]?) {}",),
    ago=("vor {n} {unit}",),
    ahead=("in {n} {unit}",),
    lately=("(?:letzten|vergangenen) {n} {unit}",),
    coming="werde|wirst|wird|werden|will|wollen|plane|planen|bald|freue mich|mochte|vorhaben",
    nothing=("(?:jeden) {Weekday}", "guten morgen", "(?:am|den|der|jeden|dem|im) morgen",
             "dieser tage"),
)  # fmt: skip

FRENCH = Calendar(
    common="a ai au aux avec c ce ces d dans de des du elle en est et etait ete il ils j je l la "
    "le les leur ma mais avant me mes moi mon n ne nous on ont ou par pas pour qu quand que "
    "qui s sa se ses son sur suis t te toi ton tu un une vous etaient quoi",
    months="janvier; fevrier; mars; avril; mai; juin; juillet; aout; septembre; octobre; "
    "novembre; decembre",
    doubtful=frozenset({"mars"}),
    weekdays="lundi; mardi; mercredi; jeudi; vendredi; samedi; dimanche",
    units="jour|jours; semaine|semaines; mois; an|ans|annee|annees",
    weekend="week end|weekend",
    numbers="un|une; deux; trois|quelques; quatre; cinq; six; sept; huit; neuf; dix; onze; douze",
    days={
        "avant hier": -2, "hier": -1, "hier soir": -1, "cette nuit": 0, "ce matin": 0,
        "ce soir": 0, "aujourd hui": 0, "demain": 1, "apres demain": 2,
    },
    dates=("{day} {month}",),
    in_month=(
        "(?:en|depuis|jusqu en|mois de|debut|mi|fin|avant|apres|des|d ici) {month}", "{name}",
    ),
    in_year=("(?:en|depuis|jusqu en|avant|apres|annee|debut|fin) {year}",),
    on=("{Weekday}",),
    last=("{} (?:derniere?|passee?)", "(?:derniere?) {}"),
    this=("(?:ce|cet|cette) {}",),
    next=("{} prochaine?", "(?:prochaine?) {}"),
    ago=("il y a {n} {unit}", "y a {n} {unit}"),
    ahead=("dans {n} {unit}", "d ici {n} {unit}"),
    lately=("{n} dernier(?:e?s) {unit}",),
    coming="vais|vas|va|allons|allez|vont|bientot|serai|sera|serons|ferai|fera|ferons|irai|ira"
    "|irons|viendra|viendrai|prevois|compte",
    mark="er|e|eme|nd",
    nothing=("(?:tous les|chaque) {Weekday}", "avant hier soir"),
)  # fmt: skip

SPANISH = Calendar(
    common="a al algo hace como con cuando de del donde el ella en era es esta este fue fui ha hay "
    "he la las le lo los me mi mis muy mas no nos o para pero por que quien se si son su "
    "sus te tu un una y ya yo hizo estuve estaba",
    months="enero; febrero; marzo; abril; mayo; junio; julio; agosto; septiembre|setiembre; "
    "octubre; noviembre; diciembre",
    doubtful=frozenset({"mayo", "abril"}),
    weekdays="lunes; martes; miercoles; jueves; viernes; sabado; domingo",
    units="dia|dias; semana|semanas; mes|meses; ano|anos",
    weekend="fin de semana|finde",
    numbers="un|una|uno; dos|un par de|par de; tres|unos|unas; cuatro; cinco; seis; siete; ocho; "
    "nueve; diez; once; doce",
    days={
        "anteayer": -2, "antier": -2, "antes de ayer": -2, "ayer": -1, "anoche": -1, "hoy": 0,
        "esta manana": 0, "esta tarde": 0, "esta noche": 0, "manana": 1, "pasado manana": 2,
    },
    dates=("{day} de {month}", "{day} {Month}"),
    in_month=(
        "(?:en|desde|hasta|durante|mes de|principios de|mediados de|finales de|antes de"
        "|despues de) {month}", "{name}",
    ),
    in_year=("(?:en|desde|hasta|durante|ano|antes de|despues de|de) {year}",),
    on=("{Weekday}",),
    last=("{} pasad[oa]", "(?:ultim[oa]) {}", "(?:pasad[oa]) {}"),
    this=("est[ea] {}",),
    next=("(?:proxim[oa]) {}", "{} (?:que viene|proxim[oa])"),
    ago=("hace {n} {unit}", "{n} {unit} atras"),
    ahead=("en {n} {unit}", "dentro de {n} {unit}"),
    lately=("(?:ultim[oa]s) {n} {unit}",),
    coming="voy|vas|va|vamos|van|pronto|sera|seran|ire|iremos|ira|hare|haremos|pienso|planeo"
    "|planeamos|quiero|vendra",
    mark="o|a",
    year_after="de|del",
    nothing=(
        "(?:todos los|cada|los) {Weekday}", "(?:por la|de la|cada|la|a la|en la) manana",
        "(?:ayer|hoy) por la manana",
    ),
)  # fmt: skip

PORTUGUESE = Calendar(
    common="a ao aos as com como da das de dela dele do dos e ela ele em era essa esta estava eu "
    "foi fui ha ja la mais mas me meu minha na nao nas no nos o onde os para pela pelo por "
    "pra quando que quem se seu sua tem um uma voce fez",
    months="janeiro; fevereiro; marco; abril; maio; junho; julho; agosto; setembro; outubro; "
    "novembro; dezembro",
    doubtful=frozenset({"marco", "abril"}),
    weekdays="segunda feira|segunda; terca feira|terca; quarta feira|quarta; quinta feira|quinta; "
    "sexta feira|sexta; sabado; domingo",
    units="dia|dias; semana|semanas; mes|meses; ano|anos",
    weekend="fim de semana|final de semana|fds",
    numbers="um|uma; dois|duas; tres|alguns|algumas; quatro; cinco; seis; sete; oito; nove; dez; "
    "onze; doze",
    days={
        "anteontem": -2, "antes de ontem": -2, "ontem": -1, "ontem a noite": -1, "hoje": 0,
        "esta manha": 0, "hoje de manha": 0, "esta noite": 0, "amanha": 1, "depois de amanha": 2,
    },
    dates=("{day} de {month}", "{day} {Month}"),
    in_month=(
        "(?:em|desde|ate|durante|mes de|inicio de|comeco de|meados de|final de|fim de|antes de"
        "|depois de) {month}", "{name}",
    ),
    in_year=("(?:em|desde|ate|durante|ano de|ano|antes de|depois de|de) {year}",),
    on=("(?:na|no|nesta|neste) {weekday}", "{Weekday}"),
    last=("{} passad[oa]", "(?:ultim[oa]) {}", "(?:passad[oa]) {}"),
    this=("(?:n?est[ea]|n?ess[ea]) {}",),
    next=("(?:proxim[oa]) {}", "{} que vem", "{} seguinte"),
    ago=("ha {n} {unit}", "{n} {unit} atras", "faz {n} {unit}"),
    ahead=("daqui a {n} {unit}", "em {n} {unit}", "dentro de {n} {unit}"),
    lately=("(?:ultim[oa]s) {n} {unit}",),
    coming="vou|vais|vai|vamos|vao|em breve|sera|serao|irei|iremos|ira|farei|faremos|pretendo"
    "|quero|vira",
    mark="o|a",
    year_after="de",
    nothing=("(?:tod[oa]s? [ao]s?|cada|aos|as) {Weekday}",),
)  # fmt: skip

CALENDARS = (ENGLISH, GERMAN, FRENCH, SPANISH, PORTUGUESE)
