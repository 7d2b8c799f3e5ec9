"""Kinds of things that people ask for, and words for what is of the kind: "which instruments does
she play?" wants a guitar. English; a question in another language has no kind.
"""

from collections.abc import Iterable
from functools import cache

from thoughtstream.language.words import stem, words

_KINDS = """
    hobby activity interest pastime fun leisure destress unwind relax: paint draw sketch read
        write run jog hike walk swim camp cook bake garden knit sew dance sing play guitar piano
        violin yoga meditate climb ski surf skate bike cycle fish hunt photography pottery craft
        puzzle chess game gaming movie music hobby travel explore workout gym volunteer kayak
        sculpt collect;
    sport exercise workout fitness: run jog gym swim tennis football soccer basketball baseball
        volleyball golf hockey yoga pilates climb ski snowboard surf skate bike cycle hike
        marathon race match team boxing karate lift weights cardio rugby cricket;
    pet animal: dog puppy cat kitten hamster rabbit parrot bird fish turtle guinea pig horse
        lizard snake chicken goat cow;
    instrument music musician band artist concert song: guitar piano violin drum flute clarinet
        cello trumpet sax bass ukulele keyboard sing song album band concert gig festival choir
        rock jazz pop classical rap spotify playlist;
    food eat dish meal cook recipe cuisine diet restaurant: pizza pasta sushi salad soup curry
        rice bread cake cookie pie chicken beef fish steak burger taco cheese chocolate fruit
        vegetable breakfast lunch dinner dessert bake recipe restaurant cafe spicy vegan
        vegetarian snack ramen noodle;
    drink beverage: coffee tea beer wine juice water cocktail whiskey smoothie soda milk latte
        espresso;
    book read author novel reading: book novel read author chapter story series fantasy library
        fiction biography poem poetry memoir;
    movie film show watch series tv genre: movie film watch show series netflix season episode
        anime documentary cinema comedy horror thriller drama;
    job work career profession occupation employ employer company: job work career office boss
        colleague interview hire manager engineer teacher nurse doctor lawyer developer designer
        intern internship company startup freelance shift client salary promotion business bank;
    family relative relationship sibling child kid parent: mom mum mother dad father sister
        brother son daughter kid child wife husband grandma grandpa grandmother grandfather aunt
        uncle cousin niece nephew baby parent family twins;
    relationship marital status partner dating married single: single married divorce wife
        husband boyfriend girlfriend partner date dating engaged fiance breakup wedding;
    country city place travel trip visit vacation holiday location live move hometown: trip
        travel flight fly visit city country beach mountain island hotel airport tour moved live
        abroad vacation holiday paris london rome berlin spain italy france japan tokyo york
        california mexico canada germany sweden india china barcelona lisbon;
    nature outdoors landscape: beach mountain forest lake river park hike camp sunset sunrise
        sea ocean trail waterfall canyon woods desert;
    health illness sick injury medical condition problem allergy: sick ill doctor hospital pain
        hurt injury broke surgery allergic allergy headache flu cold fever medicine therapy
        diagnosis anxiety depress asthma knee back ankle;
    feeling emotion feel mood: happy sad angry excited nervous scared proud grateful anxious
        stress upset lonely glad relieved afraid worried thrilled overwhelmed;
    study school education degree university college major field class course subject learn:
        study school college university degree class course exam major professor teacher student
        graduate math physics chemistry biology history psychology engineering thesis phd master
        bachelor semester homework;
    art paint craft create make: paint draw sketch canvas sculpture pottery clay color brush
        gallery exhibition portrait abstract watercolor photo design;
    vehicle car transport transportation commute drive: car bike bus train truck motorcycle
        drive tesla toyota bmw ford honda subway scooter;
    home house apartment live room furniture: house apartment flat room kitchen garden rent
        landlord roommate move neighborhood furniture sofa couch bed;
    clothes fashion wear outfit: shirt dress shoe sneaker jacket jeans hat sweater hoodie coat
        outfit skirt boots necklace ring jewelry;
    gift present buy purchase bought item: gift present bought buy ordered necklace ring shoes
        book figurine toy dress phone laptop flowers;
    language speak: english spanish french german italian portuguese chinese japanese korean
        russian arabic hindi;
    game gaming video: game xbox playstation nintendo switch chess zelda mario minecraft fifa
        board card strategy rpg;
    technology device gadget computer software: phone laptop computer app software code python
        camera tablet ai internet website;
    goal plan dream future aspiration ambition want hope: plan want hope goal dream future next
        someday save apply;
    fear worry challenge struggle problem setback difficulty negative: hard tough struggle
        difficult fear afraid worry lost problem fail challenge stress;
    religion faith spiritual belief political: church pray god faith religious christian muslim
        jewish temple bible vote liberal conservative;
    event celebration party participate attend: party wedding birthday festival concert parade
        conference workshop meeting class show fair race competition exhibition ceremony
        graduation;
    volunteer charity community help support: volunteer charity donate shelter community
        fundraiser help support mentor organization;
    money finance cost price: money dollar cost pay price save rent expensive cheap budget
        invest salary loan;
    weather season climate: rain snow sun hot cold warm storm wind winter summer weather;
    color: red blue green yellow black white purple pink orange brown;
    trait personality describe character quality: kind thoughtful funny caring brave strong
        patient creative shy smart honest driven passionate;
"""


def of_kind(asked: Iterable[str]) -> frozenset[str]:
    """Stems of what is of the kinds that these stems name."""
    return frozenset().union(*(_kinds().get(one, ()) for one in asked))


def things_in(stems: Iterable[str]) -> Iterable[str]:
    """Those stems that are of any kind, each once, in order."""
    return dict.fromkeys(filter(_things().__contains__, stems))


@cache
def _things() -> frozenset[str]:
    return frozenset().union(*_kinds().values())


@cache
def _kinds() -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for line in _KINDS.split(";"):
        names, _, members = line.partition(":")
        stems = frozenset(map(stem, words(members)))
        for name in map(stem, words(names)):
            found[name] = found.get(name, frozenset()) | stems
    return found
