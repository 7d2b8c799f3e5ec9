"""A conversation of our own in LoCoMo's form, with questions and the turns that answer them."""

from typing import Any

_TURNS = (
    ("Ada", "Ben! I finally sold the old caravan, a couple from Leeds bought it."),
    ("Ben", "Wonderful. I have been busy repairing the roof of the boathouse."),
    ("Ada", "My sister Clara started as a nurse at the children's hospital on Monday."),
    ("Ben", "Please congratulate her. Our dog swallowed a sock and needed the vet."),
    ("Ada", "Poor thing! I am allergic to peanuts, and the baker gave me the wrong cake."),
    ("Ben", "Were you ill? I learned to make bread with rye and honey last winter."),
    ("Ada", "Only a rash. I joined a choir, we are singing Bach in the cathedral in May."),
    ("Ben", "I will come. I bought a second-hand cello, but I have not dared to play it."),
    ("Ada", "Play it! My father painted lighthouses all his life, twelve hang in our hall."),
    ("Ben", "My grandmother grew tomatoes on the balcony of a tower block in Glasgow."),
    ("Ada", "I planted beans this week, the slugs have eaten half of them already."),
    ("Ben", "Put copper around them. My train was four hours late because of the floods."),
    ("Ada", "We missed you at dinner. Tom cooked a lentil curry that was far too hot."),
    ("Ben", "I have applied for a job as a map maker at the national park."),
    ("Ada", "You would love that. I broke my wrist when I was skating in February."),
    ("Ben", "Does it still hurt? My passport expires in June, I must not forget it."),
    ("Ada", "Hardly. Clara is getting engaged to a violin maker from Cremona."),
    ("Ben", "Italy! I read a novel about a whaling ship, the ending made me cry."),
    ("Ada", "I have given up coffee, I drink mint tea in the mornings now."),
    ("Ben", "I tried that. My nephew won the chess tournament of his school."),
    ("Ada", "Clever boy. Our boiler failed, we had no heating for nine days."),
    ("Ben", "I found a fossil of an ammonite on the beach near Whitby."),
    ("Ada", "Show me. I want to cycle along the Danube from Passau to Vienna."),
    ("Ben", "Take a spare tyre. The neighbours complained about my bagpipes again."),
)
_ASKED = (
    ("Who bought Ada's caravan?", "D1:1"),
    ("What is Ben repairing?", "D1:2"),
    ("Where does Clara work as a nurse?", "D1:3"),
    ("What did the dog swallow?", "D1:4"),
    ("What is Ada allergic to?", "D1:5"),
    ("What kind of bread can Ben make?", "D1:6"),
    ("What will the choir sing?", "D1:7"),
    ("Which instrument did Ben buy?", "D1:8"),
    ("What did Ada's father paint?", "D1:9"),
    ("What did Ben's grandmother grow?", "D1:10"),
    ("Who ate the beans?", "D1:11"),
    ("Why was the train late?", "D1:12"),
    ("What did Tom cook?", "D1:13"),
    ("What job did Ben apply for?", "D1:14"),
    ("How did Ada break her wrist?", "D1:15"),
    ("When does the passport expire?", "D1:16"),
    ("Whom is Clara engaged to?", "D1:17"),
    ("What was the novel about?", "D1:18"),
    ("What does Ada drink in the morning?", "D1:19"),
    ("What did the nephew win?", "D1:20"),
    ("How long was there no heating?", "D1:21"),
    ("Where was the fossil found?", "D1:22"),
    ("Where does Ada want to cycle?", "D1:23"),
    ("What do the neighbours complain about?", "D1:24"),
)
CONVERSATION: dict[str, Any] = {
    "sample_id": "ours",
    "speaker_a": "Ada",
    "speaker_b": "Ben",
    "session_1_date_time": "1:56 pm on 8 May, 2024",
    "session_1": [
        {"speaker": speaker, "dia_id": f"D1:{number}", "text": text}
        for number, (speaker, text) in enumerate(_TURNS, 1)
    ],
    "qa": [{"question": question, "evidence": [turn]} for question, turn in _ASKED],
}
