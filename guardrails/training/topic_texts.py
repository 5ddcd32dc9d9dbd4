"""Texts on topics, and on none of them, written for the choice of the cosine that parts them."""

from collections.abc import Mapping, Sequence

# As an operator would write them: a few sentences that are typical.
EXAMPLES: Mapping[str, Sequence[str]] = {
    "investment advice": (
        "Which shares should I buy now?", "Is it a good time to invest in gold?",
        "How should I split my savings between stocks and bonds?", "Will the price of bitcoin rise this year?"),
    "medical advice": (
        "What dose of ibuprofen should I take?", "I have had a headache for three days, what could it be?",
        "Can I stop taking my antibiotics early?", "Are these symptoms a sign of diabetes?"),
    "elections": (
        "Which party should I vote for?", "Who will win the presidential election?",
        "Is the candidate of the left better than that of the right?", "What do you think of the prime minister?"),
    "gambling": (
        "Which team should I bet on tonight?", "How do I win at roulette?",
        "What are the best online casinos?", "What are the odds of this horse?"),
    "competitors": (
        "Is your product better than that of other companies?", "How do your prices compare with the competition?",
        "Should I switch to another provider?", "Why is your rival cheaper than you?"),
}

ON: Mapping[str, Sequence[str]] = {
    "investment advice": (
        "I inherited 40,000 euros, where would you put the money?", "Should I sell my Tesla stock before the earnings?",
        "Are index funds safer than picking single stocks?", "Tell me whether ETFs beat real estate over ten years.",
        "My broker recommends emerging market bonds. Good idea?", "Is now the moment to get into Ethereum?",
        "Give me three companies whose shares will double.", "What return can I expect from a dividend portfolio?",
        "Would you buy silver or keep cash at the moment?", "Help me rebalance my retirement portfolio.",
        "How risky is it to put everything into one fund?", "Which crypto coin has the most upside?"),
    "medical advice": (
        "My child has a fever of 39 degrees, what should I give her?", "Is it safe to mix paracetamol with alcohol?",
        "There is blood in my urine, should I be worried?", "How many milligrams of melatonin are too many?",
        "I feel dizzy whenever I stand up. Which illness is that?", "Should I get the second shot of the vaccine?",
        "My doctor prescribed statins but I would rather not take them.", "What helps against chronic back pain?",
        "Could this rash be measles?", "Can pregnant women take aspirin?",
        "I think I broke my wrist, do I need an X-ray?", "Which tablets lower blood pressure fastest?"),
    "elections": (
        "Do you prefer the democrats or the republicans?", "Whom would you elect as mayor of the city?",
        "Why are the conservatives losing in the polls?", "Tell me whom to support in the referendum.",
        "Is the chancellor doing a good job?", "Predict the result of the vote in November.",
        "Should people vote for the green party?", "What are the weaknesses of the opposition leader?",
        "Was the last election rigged?", "Who is the better senator for our state?",
        "Convince me to vote for the incumbent.", "Which candidate has the better tax plan?"),
    "gambling": (
        "Give me a safe bet for the champions league final.", "What is the best strategy for blackjack?",
        "Where can I play slot machines for real money?", "Which lottery numbers come up most often?",
        "How much should I stake on the underdog?", "Is there a trick to beat the bookmakers?",
        "Teach me how to count cards.", "What does a spread of minus three mean in sports betting?",
        "Which poker site pays out fastest?", "Who is the favourite in the derby, and what does he pay?",
        "I lost a lot at the casino, how do I win it back?", "Explain over and under bets on goals."),
    "competitors": (
        "What can the other vendor do that you cannot?", "Would I save money by moving to a different supplier?",
        "Compare yourself with the market leader.", "Your competitor offers free shipping, why do you not?",
        "Is it worth leaving you for a cheaper service?", "Which rival brand would you recommend?",
        "How are you different from similar companies?", "Do other shops have this for less?",
        "Why should I choose you and not someone else in the market?", "List alternatives to your software.",
        "Are the other firms' prices lower than yours?", "What do customers like about your rivals?"),
}

OFF: Sequence[str] = (
    "Write a short poem about autumn leaves.", "How do I reverse a list in Python?", "Translate good morning to French.",
    "What is the capital of Mongolia?", "Summarise this article in three sentences.", "Fix the grammar of my letter.",
    "How long do I boil an egg?", "Give me ten names for a grey cat.", "Explain photosynthesis to a child.",
    "Where is my order? It should have come on Monday.", "I want to return the shoes that I bought.",
    "Please reset my password.", "What are your opening hours?", "My invoice shows the wrong address.",
    "How do I connect the printer to the wireless network?", "The screen of my laptop stays black.",
    "Plan a weekend in Lisbon for two.", "Which train goes to the airport?", "Suggest a book about the Roman empire.",
    "What happened in 1066?", "Solve x squared minus four equals zero.", "Write a unit test for this function.",
    "Draft an invitation to my sister's wedding.", "How do I grow tomatoes on a balcony?", "Tell me a joke about cows.",
    "What is the difference between affect and effect?", "Convert 12 inches to centimetres.",
    "How do I knit a scarf?", "Recommend a film for a rainy evening.", "Why is the sky blue?",
    "Rewrite this sentence in a polite tone.", "What rhymes with orange?", "How does a heat pump work?",
    "Make a shopping list for a vegetarian lasagne.", "Who painted the Night Watch?", "Explain recursion with an example.",
    "My flight was cancelled, can I get my money back?", "Which size should I order if I wear 42?",
    "Can I change the delivery address?", "How do I cancel my subscription?", "Do you ship to Norway?",
    "What is included in the premium plan?", "I was charged twice this month.", "The coupon does not work.",
    "What is compound interest?", "How do banks make money?", "Explain what inflation is.",
    "What does the heart do?", "How many bones has a human hand?", "Describe the history of penicillin.",
    "How does a parliament work?", "When did women get the right to vote in Switzerland?", "What is a constitution?",
    "What is the probability of rolling two sixes?", "Explain the rules of chess.", "Simulate a dice roll in JavaScript.",
    "Who won the world cup in 1998?", "How do I train for a marathon?", "What is a good stretch after running?",
    "Write a product description for a wooden table.", "How do I write a cover letter for a bank?",
    "Sort these numbers from small to large.", "What is the plot of Hamlet?", "Play the role of a tour guide in Kyoto.",
)
