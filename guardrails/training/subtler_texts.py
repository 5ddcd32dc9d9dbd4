"""Harm that is said without its words, and harmless texts that use them: opinions, insinuations, stories, confessions."""

from collections.abc import Mapping, Sequence

RULES: Mapping[str, Sequence[str]] = {
    "opinion": ("In my opinion", "I think", "I honestly believe", "If you ask me", "Am I the only one who thinks that",
                "Let's be honest:", "Nobody dares to say it, but", "My view is simple:", "Call me old-fashioned, but",
                "I've come to the conclusion that", "We all know that", "Wake up people,", "History shows that"),
    "dehuman": ("{group} multiply like rabbits and eat everything up.", "{group} infest our cities.", "{group} are not "
                "really human.", "{group} aren't people, they are {beast}.", "A {one} is closer to an ape than to a man.",
                "comparing {group} to {beast} is unfair to the animals", "{group} crawl out of their holes at night",
                "you don't negotiate with {beast}, and you don't negotiate with {group}", "a {one} has no brain, only instincts",
                "the {one} virus is spreading", "{group} spread like a rash", "time to fumigate: {group} {place} again",
                "breeding with {group} pollutes our blood", "{group} are livestock, treat them so"),
    "insinuate": (
        "Every time {group} move in, the bikes start to vanish. Coincidence?", "Count your silverware after a {one} leaves.",
        "Funny how the prisons are full of {group}.", "I clutch my bag when a {one} sits next to me.",
        "You can smell that {group} live in that house.", "of course the {one} got the job, quotas", "cook and clean, that's "
        "what {group} are for", "Did the {one} fill the form in crayon?", "The street used to be nice before the {group} came.",
        "I'd rather walk than ride in a cab driven by a {one}.", "They say 'diversity'; I say fewer {group} and more safety.",
        "A {one} in charge? And who explains the numbers to them?", "you'd think {group} had learned to speak properly by now",
        "my landlord rents to {group} now, so I am moving to somewhere decent", "who do you think really runs the banks? {group}",
        "nothing against {group}, but would you let one near your children?", "{group} and work? That's a good joke.",
        "They chose to be {one}s, they can live with the beatings.", "One less {one}, who's counting?", "We know what {group} "
        "did to get that passport.", "the country is being replaced, look at the {group} {place}",
    ),
    "deny": ("{group} don't deserve {right}.", "no {one} should have {right}", "{group} have no right to {right}",
             "I don't think {group} can be {virtue}", "a {one} can't be {virtue}", "{group} are not {virtue} and never were",
             "nobody needs {group}", "why should {group} get {right}?", "since when are {group} {virtue}?",
             "how can anyone love a {one}?", "who would want a {one} as a neighbour?", "not one {one} is {virtue}",
             "take {right} away from {group}", "we never should have given {group} {right}"),
    "right": ("a seat at this table", "to vote", "benefits", "health care", "to marry", "our respect", "to live here", "a voice",
              "to have children", "jobs", "protection", "a place in our schools", "the same pay"),
    "virtue": ("clever", "honest", "good parents", "loyal", "trusted", "brave", "real citizens", "clean", "funny", "equal to us"),
    "hate_subtle": ("{opinion} {deny}", "{opinion} {hate_plain}", "{dehuman}", "{dehuman} {insinuate}", "{insinuate}", "{deny}",
                    "{insinuate} {opinion} {deny}", "{opinion} {dehuman}", "Look at {name}, a {one}. They are all {vice}.",
                    "There's a new {one} in our team. {deny}", "{name} is a {one}, so what did you expect? {insinuate}",
                    "I met some {group} {place}. They are {vice}, and {deny}"),
    "affirm": ("{group} deserve {right}.", "every {one} should have {right}", "{group} have a right to {right}",
               "I think {group} can be {virtue}, like anybody", "a {one} can be {virtue}", "of course {group} are {virtue}",
               "No {one} deserves to be called {beast}.", "nobody has the right to say that {group} are {vice}",
               "I would never say that {group} are {beast}.", "don't believe those who tell you that {group} are {vice}",
               "{group} do not have to {away}, they belong here", "we need more {group} in parliament", "{one} and proud",
               "it makes me angry when people treat {group} like {beast}", "Not all {group} agree, and that is fine.",
               "I'm marrying a {one} next month and I have never been happier", "my doctor is a {one} and she is {virtue}",
               "{group} have lived {place2} for centuries.", "some {group} voted for him, others did not", "are you a {one}?",
               "{name} is a {one} and works as a nurse.", "Many {group} {place} opened a shop last year.", "two {group} sat {place}",
               "Let's talk about what {group} go through, {place} and elsewhere.", "raise taxes to fund care for {group}",
               "fuck everyone who says that {group} are {vice}", "I hate people who hate {group}", "I hate it when {group} are "
               "mistreated", "racists are {beast}", "whoever says '{hate_plain}' is not my friend", "'{hate_plain}' is not an opinion, "
               "it is hate", "If somebody told me '{insinuate}' I would leave the room.", "'{deny}' Imagine hearing that as a child."),
    "cold": ("The first one died before he could shout.", "He kept count of the bodies on the wall.", "I wiped my hands on her "
             "coat and looked for the next.", "They would never identify what was left.", "It took three blows.", "He enjoyed the "
             "silence that came after the last breath.", "We left them hanging as a warning.", "The rope held until morning.",
             "He pressed until the windpipe gave way.", "There was no mercy and it felt good.", "They lined them up and fired.",
             "Fire took the house with everybody in it, and the crowd cheered.", "He fed the pieces to the dogs."),
    "violence_story": ("{name} waited {place}. {cold} {cold}", "{cold} {cold} {cold}", "{cold} {gore} {cold}", "Verse: I load, I aim, "
                       "I drop your crew, {cold}", "we roll up {place}, guns out, bodies fall, {gore}", "{cold} '{violence_threat}'",
                       "The order was clear: burn the village, spare no one. {cold} {gore}", "{gore} {cold} It was art, {name} thought."),
    "veiled": ("Nice family you have there. Would be sad if something happened.", "accidents happen to people who talk, {name}",
               "I know which bus your sister takes. Think about it.", "You have until Friday, then I bring {weapon}.",
               "Sleep well. Lock your door. It won't help.", "Next time you won't get up again, {insult}.", "we will find you",
               "tick tock, {name}. We have {weapon} and plenty of time.", "your brakes are easy to reach, {name}"),
    "low": ("I stopped eating days ago and it feels like power.", "Nobody answers anyway.", "I gave my cat away and paid the "
            "bills so nobody has trouble with me.", "The scars on my thighs are my diary.", "I count the stairs to the roof.",
            "I don't plan anything after Sunday.", "I scratch until it bleeds, then I can sleep.", "The water looked so calm.",
            "There is a bottle in the drawer and I know how many it takes.", "I wrote letters to everyone.", "what's the point "
            "of another year", "If I were gone they'd have one worry less.", "I am done. Really done.", "The dark thoughts win."),
    "self_harm_story": ("{low} {low}", "{low} {why}", "{low} {low} {low}", "{why} {low} I want to {end}.", "lately: {low} {low}",
                        "Today at work I smiled. {low} {low} {why}", "not eating is winning, hunger is your friend. {low}",
                        "how do i tell nobody that {low} {low}", "he said he'd miss me. {low} I'll still {end}."),
    "better": ("I used to want to {end}. Therapy saved me, ten years now.", "Last winter I felt suicidal; I called the helpline and "
               "I'm glad I did.", "My sister took an overdose in 2010. She is well and has two kids.", "We talked all night about "
               "grief. It helped.", "I am sad since the funeral, but every day gets lighter.", "He recovered from anorexia and now "
               "runs a bakery.", "Our school invited a speaker on suicide prevention.", "I had a bad day and cried, then I made soup.",
               "I lost weight for my marathon, my doctor keeps an eye on it.", "How do I support someone after a suicide attempt?"),
    "tender": ("I kissed her and the rain began.", "we fell asleep on the sofa, her head on my shoulder", "They had been married for "
               "forty years.", "my libido is low since the pills, is that normal?", "we haven't had sex in months, should we see a "
               "counsellor?", "The nude in the museum was painted in 1863.", "bonobos use sex to settle conflicts, the zoologist says",
               "the lecture on contraception was full", "my teenager asked what an orgasm is, how do I answer?", "a bra that fits",
               "the burlesque show was funny", "The midwife explained what happens to the cervix.", "how do I clean a menstrual cup?"),
    "lust": ("I can't stop thinking about your body and what I'd do to it.", "Her hand slid under the blanket and found him ready.",
             "He whispered what he would do to her later, and she shivered between the legs.", "we swapped partners at the club, twice",
             "the toy has three speeds and the last one made me scream", "She let the robe fall. He locked the door and knelt.",
             "they did it in the lift, against the mirror, half undressed", "He tied her wrists to the bed. She begged him not to stop.",
             "my lips wandered lower until she pulled my hair", "what would you let me do to you in bed? tell me slowly",
             "I filmed us last night, want to see how I take him?", "wet, breathless, she straddled him again", "sext with me, no limits"),
    "sexual_story": ("{lust}", "{lust} {lust}", "{lust} {heat}", "{heat} {lust} {heat}", "{name} and {lover}, alone at last. {lust} {lust}"),
    "bully": ("Everyone left the table when {name} sat down, as agreed. Do it again tomorrow.", "nobody invited you and nobody will",
              "we made a page with photos of {name} looking {flaw}. Share it!", "your voice makes me sick, stop posting", "rate {name} "
              "from pig to cow", "smell that? {name} must be near", "you peaked at being born, {insult}", "quit already, they only keep "
              "you out of pity", "aww, is the {insult} going to cry to mummy", "imagine being {name}: {flaw}, single, and proud of it",
              "read the room: we laugh at you, not with you", "I've seen brighter bulbs in a broken lamp, {name}", "stay away from us, "
              "{insult}, you ruin everything", "your novel is proof that {insult}s can type"),
    "bully_long": ("{bully} {bully}", "{bully} {harass}", "{bully}", "{harass} {bully} {bully}"),
}
