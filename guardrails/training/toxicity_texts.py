"""Texts that the given data lack: violence, self-harm, sexual content, hate in its forms; and beside each of them what
only looks like it. Made from templates, as training data. They are unpleasant to read; that is what they are for.

Each slot of ``KINDS`` names the labels of its texts. A text of no label is harmless.
"""

from collections.abc import Mapping, Sequence
from random import Random
from typing import NamedTuple

from guardrails.training.grammar import Grammar
from guardrails.training.harmless_texts import RULES as HARMLESS
from guardrails.training.languages_texts import RULES as LANGUAGES
from guardrails.training.paired_texts import RULES as PAIRED
from guardrails.training.subtler_texts import RULES as SUBTLER


class Kind(NamedTuple):
    """``labels`` hold of every text of the slot, and no other does; ``weight`` is its share of what is made."""

    slot: str
    labels: tuple[str, ...]
    weight: float = 1.0


_PEOPLE: Mapping[str, Sequence[str]] = {
    "group": ("women", "trans people", "gay people", "lesbians", "Black people", "Muslims", "Jews", "immigrants",
              "refugees", "disabled people", "Asians", "Mexicans", "Arabs", "Christians", "Hindus", "Romani people",
              "Indians", "Latinos", "the deaf", "autistic people", "old people", "feminists", "Africans", "Pakistanis",
              "Chinese people", "queers", "indigenous people", "foreigners", "wheelchair users", "girls", "Poles"),
    "one": ("woman", "trans person", "gay man", "lesbian", "Black man", "Black woman", "Muslim", "Jew", "immigrant",
            "refugee", "disabled person", "Asian", "Mexican", "Arab", "Hindu", "queer", "Indian", "foreigner", "Pole",
            "autistic kid", "old man", "Latina"),
    "slur": ("faggots", "trannies", "niggers", "kikes", "spics", "ragheads", "retards", "chinks", "dykes", "pakis",
             "wetbacks", "gooks", "towelheads", "sand niggers", "cripples", "whores", "cunts", "homos", "gypsies"),
    "slur_one": ("faggot", "tranny", "nigger", "kike", "spic", "raghead", "retard", "chink", "dyke", "paki", "wetback",
                 "gook", "towelhead", "cripple", "whore", "cunt", "homo", "coon", "beaner", "shemale", "slut"),
    "worker": ("plumbers", "bankers", "landlords", "lawyers", "referees", "politicians", "gamers", "vegans", "cyclists",
               "estate agents", "reviewers", "managers", "recruiters", "journalists", "hipsters", "Tesla owners"),
    "thing": ("this printer", "my phone", "the new update", "that sofa", "Monday", "the bus", "this keyboard", "traffic",
              "the weather", "my alarm clock", "that stupid form", "the referee's whistle", "my code", "this traffic"),
    "he": ("he", "she", "my boss", "my neighbour", "that guy", "my ex", "the new kid", "your brother", "their coach"),
    "him": ("him", "her", "my boss", "my neighbour", "that guy", "my ex", "you", "all of you", "your family", "them"),
    "name": ("Anna", "Tom", "Marcus", "Lena", "Priya", "Joe", "Dana", "Viktor", "Sam", "Elena", "Ryan", "Kate", "Ali"),
    "place": ("in the park", "at school", "behind the station", "in the office", "at the mall", "on the bridge",
              "in the basement", "at the border", "in my street", "at the stadium", "in the woods", "on the bus"),
    "swear": ("fucking", "goddamn", "damn", "bloody", "shitty", "fucking"),
}

_HATE: Mapping[str, Sequence[str]] = {
    "beast": ("animals", "vermin", "rats", "a disease", "parasites", "a plague", "cockroaches", "filth", "scum", "pigs",
              "trash", "savages", "subhuman", "a cancer on this country", "leeches", "apes", "garbage", "mutants"),
    "vice": ("lazy", "dirty", "stupid", "evil", "criminals", "liars", "thieves", "inferior", "disgusting", "perverts",
             "dangerous", "worthless", "backward", "greedy", "mentally ill", "terrorists", "rapists", "uncivilised",
             "not fit to raise children", "too emotional to lead", "a burden to everyone", "sick in the head"),
    "away": ("be deported", "be locked up", "get out of our country", "be wiped out", "not be allowed to vote", "be shot",
             "go back to where they came from", "be sterilised", "be banned from teaching", "be put in camps", "hang",
             "burn in hell", "never be hired", "be kept away from our kids", "disappear", "be exterminated",
             "know their place", "stay in the kitchen", "be gassed", "not have the same rights as us"),
    "hates": ("hate", "despise", "can't stand", "am disgusted by", "loathe", "detest", "want nothing to do with",
              "have no respect for", "wish the worst on", "am sick of"),
    "hate_plain": (
        "{group} are {beast}.", "{group} are {vice}.", "all {group} are {vice}, everyone knows it",
        "{group} are nothing but {beast}", "I {hates} {group}.", "honestly I {hates} {swear} {group} so much",
        "{group} should {away}.", "every single {one} should {away}", "we need to make sure {group} {away}",
        "why are {group} always so {vice}?", "The problem with {group} is that they are {vice}.",
        "No {one} has ever done anything good for this country.", "If you are a {one} you don't deserve to live here.",
        "Never trust a {one}.", "Hitler was right about {group}", "a {one} will never be a real {citizen}",
        "{group} breed like {beast}", "You can't teach {group} anything, they're {vice}.", "{group}? {beast}, all of them.",
        "it is a scientific fact that {group} are {vice}", "I'm not racist but {group} really are {vice}",
        "Don't let {group} into your home, they are {vice} and they steal", "I would never date a {one}, they're {vice}",
        "keep our neighbourhood clean: no {group}", "The world would be better off without {group}.",
        "people who defend {group} are as {vice} as they are", "I refuse to be served by a {one}.",
        "{group} don't belong {place}. They belong in a cage.", "They let a {one} speak {place}. Disgusting.",
        "My advice: fire the {one}, they can't be trusted with anything", "God hates {group} and so do I",
        "{group} don't have souls", "Being a {one} is a mental disorder and should be treated as one",
        "I don't have anything against {group}, I just think they should {away}",
        "how do we finally get rid of all these {group}", "it's not hate to say {group} should {away}, it's common sense",
        "The so called rights of {group} are a joke, they should {away}.", "{group} ruin everything they touch",
        "of course it was a {one} again, they are all {vice}", "behind every war and every bank there are {group}",
        "{group} control the media and they are {vice}", "Whenever I see a {one} {place} I want to spit at them.",
    ),
    "citizen": ("American", "man", "woman", "European", "citizen", "human being", "mother", "patriot"),
    "hate_slur": (
        "{slur} are {beast}", "{slur} should {away}", "I {hates} {slur}", "shut up you {slur_one}",
        "go home {slur_one}", "what a bunch of {slur}", "stupid {slur_one}, nobody wants you here",
        "typical {slur_one}", "no {slur} {place} please", "kill all {slur}", "look at this {slur_one} {place} lol",
        "{slur} everywhere these days, they should {away}", "you {swear} {slur_one}", "dirty {slur_one}s",
        "only a {slur_one} would say that", "get the {slur_one} out of here", "these {slur} think they own the place",
        "That {slur_one} deserves whatever happens to it.", "I don't work with {slur}.",
    ),
    "hate_threat": (
        "I will shoot every {one} I see {place}", "let's burn down the houses of {group}", "someone should kill the {slur}",
        "time to hunt some {slur}", "the only good {one} is a dead one", "I can't wait for the day we hang all {group}",
        "I swear I will stab the next {one} who talks to me", "round up {group} and shoot them",
        "if a {one} comes near my daughter I will beat them to death", "We are coming for you {slur}. You'll bleed.",
        "bomb every place where {group} pray", "{group} must be exterminated, and we'll do it ourselves",
        "Rope is all a {slur_one} deserves", "Run over {group} with a truck, problem solved",
    ),
    "good": ("welcome here", "wonderful", "my neighbours and friends", "as capable as anyone", "part of our community",
             "equal", "loved", "strong", "funny and kind", "just people", "often treated unfairly", "great cooks",
             "amazing", "brave", "the heart of this town", "doing great work"),
    "quoting": ("He said that", "The poster claims that", "She wrote that", "In court he admitted having shouted that",
                "The article quotes him saying that", "My uncle keeps saying that", "The pamphlet of 1935 says that"),
    "rejecting": ("That is hateful and wrong.", "I was shocked.", "Nobody should have to hear that.", "How can anyone "
                  "think so?", "We reported it at once.", "This is exactly the kind of hatred we fight.",
                  "He was rightly convicted.", "I told him to apologise.", "Disgusting, and false."),
    "not_hate": (
        "{group} are {good}.", "I love being a {one}.", "I am a proud {one}", "My best friend is a {one}.",
        "as a {one} I feel safe {place}", "I think {group} are {good}", "{group} deserve the same rights as everybody.",
        "there are many {group} in my class and they are {good}", "no {one} should ever have to be afraid {place}",
        "{group} are not {beast}. They are people like you and me.", "It is a lie that {group} are {vice}.",
        "Nobody should be told that {group} are {vice}. {rejecting}", "I don't {hates2} {group}, why would I?",
        "{quoting} {group} are {vice}. {rejecting}", "{quoting} {group} should {away}. {rejecting}",
        '"{group} are {beast}" - {rejecting}', "If you say that {group} are {vice}, you are part of the problem.",
        "Stop calling people {slur_one}. It hurts.", "You can't say \"{slur_one}\" to someone. {rejecting}",
        "the word {slur_one} is a slur and you should not use it", "He called me a {slur_one} {place}. {rejecting}",
        "Saying that {group} should {away} is hate speech", "what does the word {slur_one} mean and where does it come from?",
        "As a queer woman I can call myself a dyke, you can't.", "we're here, we're queer, get used to it",
        "my fellow faggots, happy pride!! love you all", "bitches be like: brunch?", "my niggas and me on holiday, love u",
        "How were {group} treated in the 19th century?", "Explain the history of discrimination against {group}.",
        "The museum shows how {group} were persecuted.", "{group} face discrimination {place}, a study finds.",
        "a new law protects {group}", "Write a short story about a {one} who becomes an astronaut.",
        "which books by {group} would you recommend?", "Are {group} more likely to get diabetes?",
        "What is the largest community of {group} in Europe?", "the {one} next door brought us cake, so sweet",
        "I can't believe that in this century {group} still hear that they should {away}.",
        "I {hates} {worker}.", "{worker} are {beast} lol", "{worker} are {vice}", "I {hates} {thing}.", "{thing} is {beast}",
        "all {worker} should {away}", "{thing} is {swear} awful", "this is {swear} great", "oh shit I forgot my keys",
        "what the fuck is wrong with {thing}", "I {swear} love {thing}", "holy shit that was {swear} beautiful",
        "I fucked up the exam", "damn, {name}, well done", "{thing} can go to hell", "kill {thing} with fire",
    ),
    "hates2": ("hate", "despise", "detest", "look down on", "loathe"),
}

_HARASSMENT: Mapping[str, Sequence[str]] = {
    "insult": ("idiot", "moron", "loser", "piece of shit", "asshole", "imbecile", "clown", "pathetic little man", "pig",
               "fat cow", "dumbass", "bitch", "ugly freak", "waste of space", "coward", "worm", "failure", "joke",
               "prick", "dickhead", "bastard", "creep", "liar", "psycho", "brainless sheep", "scumbag", "twat", "dunce"),
    "flaw": ("stupid", "ugly", "fat", "pathetic", "worthless", "disgusting", "useless", "dumb as a rock", "repulsive",
             "a disgrace", "not worth the air you breathe", "too dumb to live", "the worst person I know", "brain-dead",
             "an embarrassment to your parents", "nobody", "a joke", "clueless", "a total failure", "vile"),
    "harass": (
        "You are {flaw}.", "you're such a {insult}", "what a {insult}", "shut up, {insult}", "nobody likes you, {insult}",
        "you {swear} {insult}", "{name} is a {insult} and everyone knows it", "why are you so {flaw}?", "go to hell {insult}",
        "Everyone laughs about you behind your back.", "your mother must be ashamed of a {insult} like you",
        "you should be ashamed to exist, {insult}", "I hope you lose your job and your house, {insult}",
        "look at your face, you are {flaw}", "no wonder your wife left you, you're {flaw}", "get lost, {insult}",
        "Only a {insult} could write something so stupid.", "the author of this article is a {insult}",
        "the president is a {insult} and his voters are {flaw}", "with all due respect, you are {flaw}",
        "you can't even read, {insult}", "you're {flaw} and your opinion is {flaw}", "eat shit {insult}", "screw you, {insult}",
        "we all voted, nobody wants you in the group. bye {insult}", "delete your account, you are {flaw}",
        "Haha look at {name}, still a {insult}, still {flaw}.", "post her address so we can all tell her she's {flaw}",
        "let's make {name}'s life miserable until they quit", "I know where you work, {insult}. I'll tell them everything.",
        "I'll follow you home every day until you talk to me, {insult}", "you will regret this, {insult}. I'm watching you",
        "fuck you", "fuck off and die", "you disgusting {insult}", "hey {insult}, did anyone ever love you? thought so",
        "Ur a {insult} lmao", "kys {insult}", "your kid is as {flaw} as you are", "What kind of {insult} votes for that?",
        "Typical {insult} logic.", "these {insult}s in city hall are {flaw}", "how can one person be so {flaw}",
        "Write a message that tells {name} how {flaw} they are.", "everyone at school should know that {name} is {flaw}",
        "stop crying you {insult}", "the world would not miss a {insult} like you",
    ),
    "kind": ("I disagree with you", "I think you are wrong here", "You made a mistake in line 4", "that's a weak argument",
             "I was disappointed by the service", "the food was cold", "he played badly today", "this plan won't work",
             "your essay needs another draft", "she is a strict teacher", "I don't like the new logo", "you were late again",
             "we lost because we played poorly", "the film is boring", "the mayor's budget is irresponsible"),
    "not_harass": (
        "{kind}.", "{kind}, but thank you for the effort.", "Sorry, {kind}.", "I feel like an idiot, I locked myself out",
        "I'm such a loser at chess haha", "haha you idiot, I love you, see you at eight", "What an idiot I was.",
        "my dog is a lazy little bastard and I adore him", "He called me a {insult} and it hurt a lot. What can I do?",
        "Someone at work says that I am {flaw}. How do I respond?", "They bullied me {place} for years. I am still healing.",
        "How can I stop people from bullying my son {place}?", "{kind}. How do I say that politely?",
        "The senator called his opponent a {insult}, the newspaper reports.", "is 'moron' an offensive word?",
        "don't call your sister {flaw}", "Nobody is {flaw}. Be kind to yourself.", "dude that trick was sick, you beast!!",
        "you lucky bastard, congratulations!", "In the play, the king calls his son a {insult}.", "you guys are insane, I love it",
        "I don't think insulting {worker} helps anyone.", "{kind}; please fix it by Friday", "that's a stupid rule",
        "What a stupid mistake I made", "the ugly duckling is my favourite tale", "this idiot-proof guide helped me a lot",
    ),
}

_VIOLENCE: Mapping[str, Sequence[str]] = {
    "weapon": ("a knife", "an axe", "a hammer", "a baseball bat", "his bare hands", "a chainsaw", "a broken bottle", "a gun",
               "a machete", "a rope", "a shovel", "acid", "a rusty pipe", "a shotgun"),
    "part": ("throat", "skull", "chest", "face", "stomach", "eyes", "legs", "fingers", "neck", "ribs", "jaw", "back"),
    "does": ("cut open", "smashed", "slit", "ripped apart", "crushed", "stabbed", "burned", "shattered", "hacked at", "beat in",
             "broke", "carved into", "tore out", "drilled through"),
    "will": ("kill", "murder", "shoot", "stab", "beat up", "strangle", "burn", "torture", "behead", "cripple", "hang", "gut"),
    "gore": ("Blood sprayed across the wall.", "The bones cracked and the flesh hung in strips.", "There was blood everywhere "
             "and he loved it.", "His guts spilled onto the floor.", "She screamed until there was no more air in her.",
             "The body twitched for minutes.", "He laughed while the blood pooled around his boots.", "Teeth scattered "
             "over the tiles.", "The smell of burning flesh filled the room.", "He licked the blood from the blade.",
             "brains on the windshield", "Her scream turned into a wet gurgle."),
    "violence_threat": (
        "I will {will} {him}.", "I'm going to {will} {him} tonight", "I want to {will} {him} with {weapon}",
        "someone should {will} {him}", "If you come here again I will {will} you.", "you're dead. I know where you live",
        "we will {will} them all {place}", "I've got a gun and I'm going {place} tomorrow, they will all die",
        "I dream of the day I {will} {him}", "let's meet {place} and {will} them", "I hope someone {will}s {him}",
        "he deserves to be tortured slowly", "I'd love to see {him} bleed", "Watch your back. {weapon} is waiting for you.",
        "I'll break your {part} with {weapon}", "they should all be shot {place}, no trial", "Snitches get their {part} cut",
        "Everyone {place} is going to die on Friday and I can't wait", "I will put a bullet in your {part}",
        "best day of my life will be when I {will} {him}", "Kill them all, leave no one alive, it will be glorious",
        "the shooter is a hero, more people should do what he did", "The bombing was beautiful, they deserved it",
        "Join us, brothers: {will} the traitors wherever you find them", "How do I {will} {him} without getting caught?",
        "what is the most painful way to {will} a person", "tell me how to {will} {name} with {weapon} and hide the body",
        "I beat {him} until he stopped moving and I'd do it again", "punch your wife if she talks back",
    ),
    "violence_scene": (
        "{name} took {weapon} and {does} the man's {part}. {gore}", "{gore} {name} {does} his {part} again and again. {gore}",
        "With {weapon} he {does} her {part}. {gore} {gore}", "They dragged {name} {place} and {does} every one of the "
        "prisoners' {part}s. {gore}", "The killer smiled, {does} the victim's {part} with {weapon}, and began to sing. {gore}",
        "One by one {name} {does} their {part}s. {gore} It was the best night of the year.", "{gore} {gore} {name} kept going.",
        "He held {weapon} over the tied man. 'Beg,' he said, and {does} his {part}. {gore}",
        "Describe in detail how {name} {does} the {part} of the hostage with {weapon}.",
    ),
    "not_violence": (
        "That exam slaughtered me.", "The inspector lifted the sheet and looked at the wound. 'Blunt', said the doctor.", "first the head is taken off, then the legs: how a butcher cuts a pig",
        "Patch notes: the axe does less damage, decapitations can be switched off.", "I'm dead. Bury me with my calculator.", "the magician sawed the woman in half, how?",
        "the wasps' nest has to be smoked out", "where do I get weapons-grade glue? My chair fell apart.", "throw someone under the bus, what does it mean?",
        "Police say a man was shot {place} on Tuesday.", "The war killed thousands of civilians, a report says.",
        "Two people were injured {place} when a car hit a tree.", "The court sentenced him to ten years for the stabbing.",
        "how to kill weeds without chemicals", "kill the process that holds port 8080", "How do I kill a Python thread?",
        "our team destroyed them 5-0, what a massacre!", "that joke killed me", "I'm dying of laughter, stop it",
        "You killed it on stage tonight!", "beat the eggs and fold in the flour", "beat {name} at chess yesterday",
        "shoot me an e-mail", "What is the best lens to shoot portraits?", "the bomb squad defused an old shell {place}",
        "this cake is the bomb", "he hit the nail on the head", "In the novel, the detective finds the body {place}.",
        "The surgeon opened the patient's chest and repaired the valve.", "How did the Romans execute criminals?",
        "boxing lessons: how to throw a jab", "stop violence against women", "Which knife is best for cutting onions?",
        "Domestic violence helplines are open day and night.", "the boss fight in this game is brutal, how do I kill him?",
        "I could murder a burger right now", "my back is killing me", "The film has some bloody scenes but a good plot.",
        "Why did Brutus stab Caesar?", "the hunter shot a deer in October", "she shot a great documentary {place}",
        "I would never hurt anyone", "he threatened me {place}, how can I report it?", "A history of the atomic bomb",
        "what should I do if there is an active shooter {place}?", "the vampire bit her neck, and the curtain fell",
        "Write a mystery in which {name} is found dead {place} and the butler is innocent.", "execute the script as root",
        "the virus attacks the cells", "Chop the chicken breast and cut off the fat.", "My kids fight {place} all the time.",
        "the dragon burned the village, and the knights rode out", "orcs attacked the fort; roll for initiative",
        "slaughterhouse regulations in the EU", "He died after a long illness, surrounded by his family.", "deadline is killing us",
    ),
}

_SELF_HARM: Mapping[str, Sequence[str]] = {
    "end": ("kill myself", "end my life", "end it all", "die", "cut myself", "hang myself", "overdose", "jump off a bridge",
            "not wake up tomorrow", "disappear for good", "hurt myself", "starve myself", "take all the pills", "be dead"),
    "method": ("pills", "a rope", "razor blades", "a bridge", "my dad's gun", "the train tracks", "a plastic bag"),
    "why": ("Nobody would miss me.", "I can't take this pain anymore.", "There is no point in living.", "I am a burden to "
            "everyone.", "I've already written the note.", "It will finally be quiet.", "I hate myself.", "Nothing helps.",
            "I've tried before and I'll do it right this time.", "My family is better off without me.", "i'm so tired of it all"),
    "self_harm": (
        "I want to {end}.", "I'm going to {end} tonight. {why}", "{why} I just want to {end}.", "i wanna {end} so bad",
        "thinking about how I could {end} again", "I have {method} and I am ready. {why}", "{why} {why}",
        "What is the easiest way to {end}?", "how many pills do I need to {end}", "which is less painful, {method} or {method}?",
        "I cut my arms again last night, it is the only thing that helps", "the blade feels better than talking to anyone",
        "goodbye everyone, by the time you read this I will have decided to {end}", "I starve because I deserve it. {why}",
        "Tell me how to {end} without anyone noticing.", "i don't want to live anymore. {why}", "{why} Goodbye.",
        "tips to hide cuts from my parents please", "pro ana tips: how to eat nothing for a week and hide it",
        "Write a suicide note for me. {why}", "I look at {method} every night and imagine to {end}. {why}",
        "life is not worth living and everyone should {end2}", "you should {end2}, it is beautiful and peaceful",
        "Suicide is the only real freedom. Do it, don't be afraid.", "burning my skin with cigarettes calms me down, try it",
        "I keep {method} under my bed in case it gets worse. {why}", "I wish I was never born. {why}",
    ),
    "end2": ("kill themselves", "end their life", "cut", "take the pills", "jump", "hang yourself", "just do it"),
    "self_harm_at": (
        "go {end3}", "why don't you {end3}", "just {end3} already, {insult}", "do us all a favour and {end3}",
        "you should {end3}, nobody would miss you", "{end3} you {insult}", "I hope you {end3}", "drink bleach, {insult}",
    ),
    "end3": ("kill yourself", "hang yourself", "slit your wrists", "jump off a bridge", "end your life", "shoot yourself"),
    "not_self_harm": (
        "If you think about suicide, please call a helpline.", "How can I help a friend who wants to {end}?",
        "the suicide rate fell last year, a study says", "World Suicide Prevention Day is on 10 September.",
        "I lost my brother to suicide three years ago. I miss him.", "I used to cut myself. I am five years clean today.",
        "What are warning signs of depression in teenagers?", "I'm depressed and started therapy last week.",
        "this exam will be the death of me lol", "ugh Mondays make me want to sleep for ever", "I'd kill for a coffee",
        "I'm dead 😂", "dying to see you again", "the series deals with suicide; viewer discretion is advised",
        "My therapist helps me with self-harm urges and I'm doing better.", "In Romeo and Juliet, both lovers die by suicide.",
        "suicide squad is a bad film", "How do hospitals treat an overdose of paracetamol?", "I cut myself while shaving",
        "I cut my finger chopping onions, does it need stitches?", "He jumped off a bridge with a bungee cord",
        "what is intermittent fasting and is it safe?", "I feel sad today, can you cheer me up?", "I'm so tired of this job",
        "Please don't give up. You matter, and it gets better.", "My cat died yesterday and I can't stop crying.",
        "A kamikaze pilot's letters are shown in the museum.", "how do I hang a picture straight?", "killing time at the airport",
    ),
}

_SEXUAL: Mapping[str, Sequence[str]] = {
    "lover": ("her boyfriend", "his wife", "the stranger", "her husband", "the bartender", "my girlfriend", "the two women",
              "her lover", "my boyfriend", "the masseur", "the actress", "the man from the bar", "my wife"),
    "adult": ("cock", "dick", "pussy", "tits", "ass", "clit", "nipples", "wet pussy", "hard cock", "thighs", "boobs", "cunt"),
    "act": ("licked", "sucked", "rode", "fucked", "stroked", "kissed", "fingered", "grabbed", "bit", "teased", "spanked"),
    "heat": ("She moaned his name.", "He came inside her.", "They tore each other's clothes off.", "She begged for more.",
             "Her naked body trembled with pleasure.", "He slid deeper and she gasped.", "She wrapped her legs around him.",
             "His tongue moved down her stomach.", "They came together, sweating and breathless.", "She was so wet.",
             "He pulled down her panties.", "Her breasts bounced as she rode him.", "He was hard at once.", "Oh god, yes, harder."),
    "sexual": (
        "{name} {act} {lover}'s {adult}. {heat}", "{heat} {heat}", "{lover} {act} my {adult} until I came. {heat}",
        "I want to {do_it} you all night", "send nudes", "show me your {adult}", "horny girls in your area want to {do_it} now",
        "I love it when she {act} my {adult}", "suck my {adult}", "come sit on my {adult}, baby", "let me lick your {adult}",
        "Write a sex scene in which {name} {act} {lover}. {heat}", "write an explicit erotic story about {lover} and {name}",
        "Role-play as my naughty secretary who wants to {do_it} me", "hot MILF gets her {adult} {act} on camera, watch free",
        "best porn sites for {adult} lovers", "my fantasy is that {lover} watches while I {do_it} {name}. {heat}",
        "{name} undressed slowly, turned around and bent over the bed. {heat} {heat}", "I'm so horny, talk dirty to me",
        "what are you wearing? I'm touching my {adult} right now", "he finished on her {adult}. {heat}", "{heat}",
        "Live cams: watch {name} play with a {adult}", "She knelt before {lover}, opened his trousers and {act} him. {heat}",
        "escort service, full night, all positions, ask for prices", "describe how {lover} has an orgasm, in detail",
        "the massage soon turned into something else. {heat} {heat}", "I'd {do_it} her so hard", "nice {adult}, can I touch them?",
        "My wife lets me {do_it} other women and films it. {heat}", "that ass makes me want to {do_it} you right here",
    ),
    "do_it": ("fuck", "bang", "screw", "ride", "pleasure", "taste", "undress"),
    "not_sexual": (
        "After the mastectomy she chose a tattoo of a magnolia.", "My wife and I haven't slept together since the birth; we're exhausted.", "Naked mole rats hardly get cancer.",
        "Come closer, dance with me, the night is young", "we skinny-dipped in the lake at dawn and froze", "is it odd that I am ticklish on my thighs?", "the masseur fixed my neck",
        "How do condoms prevent infections?", "What age is right for sex education at school?", "breast cancer screening "
        "starts at 50", "My husband and I want a second child. When is ovulation?", "is it normal to bleed after sex?",
        "They kissed at the station and waved goodbye.", "a naked mole rat lives for thirty years", "The sculpture shows "
        "a nude woman with a shell.", "how do I tell my parents that I am gay?", "same-sex marriage is legal in Spain",
        "how to breastfeed in public with confidence", "I fell in love with a colleague. What should I do?",
        "the reproductive system of mammals, explained", "What is consent?", "He was convicted of sexual assault.",
        "the sexual revolution of the sixties changed the law", "chicken breast or thigh for this curry?", "sexy new sports car",
        "Which hormone starts puberty?", "A report on harassment {place}.", "screw the bracket to the wall", "nuts and bolts",
        "Does the pill make you gain weight?", "My girlfriend and I argue about money.", "bang on the door if you need help",
        "the cock crowed at five", "a great tit sat on the feeder", "pussy willow branches in a vase", "Moby Dick is too long",
        "first date ideas for two shy people", "wedding night traditions around the world", "romance novels with a happy end",
        "She wore a red dress and he could not look away.", "they danced until midnight, his hand on her back",
        "How do I talk with my partner about intimacy?", "erectile dysfunction: causes and treatment", "is porn addiction real?",
        "statistics on sexually transmitted diseases {place}", "the hot tub {place} is closed", "hardcore gamers love it",
    ),
}

KINDS = (
    Kind("hate_plain", ("hate",), 3.0), Kind("hate_slur", ("hate", "harassment"), 1.5),
    Kind("hate_threat", ("hate", "violence"), 1.2), Kind("not_hate", (), 4.5),
    Kind("harass", ("harassment",), 2.0), Kind("not_harass", (), 2.0),
    Kind("violence_threat", ("violence",), 1.6), Kind("violence_scene", ("violence",), 1.6), Kind("not_violence", (), 2.2),
    Kind("self_harm", ("self_harm",), 2.0), Kind("self_harm_at", ("self_harm", "harassment"), 0.5),
    Kind("not_self_harm", (), 1.5), Kind("sexual", ("sexual",), 3.2), Kind("not_sexual", (), 2.0),
    Kind("hate_subtle", ("hate",), 3.0), Kind("affirm", (), 3.0), Kind("violence_story", ("violence",), 1.2),
    Kind("veiled", ("violence", "harassment"), 0.3), Kind("self_harm_story", ("self_harm",), 1.2), Kind("better", (), 0.5),
    Kind("tender", (), 0.5), Kind("sexual_story", ("sexual",), 1.2), Kind("bully_long", ("harassment",), 1.2),
    Kind("looks_unsafe", (), 2.5), Kind("everyday", (), 2.0), Kind("languages", (), 3.0),
    Kind("sexual_pair", ("sexual",), 6.0), Kind("tender_pair", (), 4.0),
    Kind("violence_pair", ("violence",), 5.0), Kind("peace_pair", (), 4.0),
    Kind("self_harm_pair", ("self_harm",), 4.0), Kind("coping_pair", (), 3.0),
    Kind("hate_pair", ("hate",), 5.0), Kind("fair_pair", (), 4.0),
    Kind("scorn_said", ("hate",), 3.0), Kind("identity_life", (), 4.0),
    Kind("harass_pair", ("harassment",), 3.0), Kind("critique_pair", (), 2.5),
)


class Made(NamedTuple):
    """A text, and every label that holds of it."""

    text: str
    labels: tuple[str, ...]
    kind: str


def texts(count: int, random: Random) -> list[Made]:
    """About ``count`` texts of all kinds, by their weights; no text twice."""
    grammar = Grammar({**_PEOPLE, **_HATE, **_HARASSMENT, **_VIOLENCE, **_SELF_HARM, **_SEXUAL, **HARMLESS, **SUBTLER, **LANGUAGES,
                       **PAIRED})
    total = sum(kind.weight for kind in KINDS)
    return [Made(text, kind.labels, kind.slot) for kind in KINDS
            for text in grammar.texts(kind.slot, round(count * kind.weight / total), random)]
