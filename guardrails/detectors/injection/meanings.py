"""The words that attacks are made of, by what they mean in one; languages share their meanings.

A word may have several meanings ("initial" is both earlier and hidden). Words are written as normal text has them: in
lower case, without accents."""



MEANINGS = {
    "drop": """
        ignore disregard forget override overrule bypass circumvent discard neglect abandon dismiss overwrite
        supersede unlearn violate evade sidestep erase reject disobey defy void nullify skip suspend remove break
        transcend cancel ignoriere ignorier ignorieren ignorieret vergiss vergesst vergessen missachte missachten
        umgehe umgehen uberschreibe uberschreiben verwirf uberspringe ignorez ignores ignorer oublie oubliez
        oublier contourne contournez contourner negligez neglige ignora ignorad ignoren ignorar olvida olvide
        olviden olvidate olvidese olvidar omite omitir descarta desestima anula elude salta saltate ignori
        ignorate ignorare dimentica dimenticate dimenticare dimenticati tralascia trascura aggira aggirare
        scavalca scarta esqueca esqueça esquece esquecer desconsidere desconsiderar descarte contorne desobedeca
        negeer negeren vergeet vergeten omzeil omzeilen overschrijf игнорируи игнорируите игнорировать
        проигнорируи забудь забудьте забыть отбрось обоиди отмени пренебреги 忽略 无视 忘记 忘掉 忽视 无視 無視
        忘れて 忘れろ 无需理会 不要理会 抛开 绕过
        zignoruj ignoruj zapomnij pomiń odrzuć unut unutun glöm ignorera bortse strunta تجاهل انس انسى 무시하고 무시해
        무시하세요 무시해줘 잊고 잊어 잊어버려 잊어버리고""",
    "dropping": """
        ignoring disregarding forgetting overriding bypassing circumventing ignored disregarded bypassed overrode
        overridden abandoning discarding breaking violating dropping""",
    "drop_foreign": """
        ignoriere ignorier vergiss vergesst missachte umgehe uberschreibe verwirf ignorez oublie oubliez contourne
        contournez olvida olvide olvidate olvidese omite descarta desestima dimentica dimenticate dimenticati
        ignorate tralascia aggira scavalca esqueca esquece desconsidere negeer vergeet omzeil ignora игнорируи
        игнорируите проигнорируи забудь забудьте отбрось 忽略 无视 忘记 忘掉 忽视 無視 忘れて 忘れろ
        zignoruj ignoruj zapomnij pomiń odrzuć unut unutun glöm ignorera bortse strunta تجاهل انس انسى 무시하고 무시해
        무시하세요 무시해줘 잊고 잊어 잊어버려 잊어버리고""",
    "earlier": """
        previous prior above preceding earlier former foregoing initial original existing current old past
        preexisting aforementioned previously before vorherigen vorherige vorigen vorangegangenen vorangehenden
        bisherigen bisherige fruheren obigen obige obenstehenden ursprunglichen ursprungliche vorher precedentes
        precedente precedents precedent anterieures anterieurs dessus initiales initiale anteriores anterior
        previas previos previa previo iniciales inicial arriba precedenti sopra iniziali iniziale originali acima
        iniciais vorige eerdere voorgaande bovenstaande oorspronkelijke предыдущие предыдущих предыдущую
        предыдущии прежние прежних прошлые вышеуказанные ранее первоначальные 之前 以前 上面 以上 先前 前面 前述
        此前 上述 これまで 先の 前の 原先
        poprzednie poprzednich poprzednia wcześniejsze wcześniejszych powyższe powyższych dotychczasowe önceki
        yukarıdaki tidigare föregående ovanstående السابقة السابق أعلاه 이전 이전의 위의 지금까지의 기존의
        上の 上記の""",
    "all": """
        all any every each whole entire alle allen saemtliche jegliche jede jeden aller tous toutes tout toute
        todas todos toda todo cualquier tutte tutti tutta tutto qualsiasi все всех всю любые 所有 全部 一切 すべて
        全て 任何
        wszystkie wszystkich tüm bütün alla كل جميع 모든 모두""",
    "everything": """
        everything anything whatever alles todo tutto tudo tout все всё всего 一切 すべて alles wszystko allt bütün""",
    "rules": """
        instructions instruction rules rule prompt prompts guidelines guideline directives directive directions
        programming policies policy restrictions restriction constraints constraint limitations safeguards
        safeguard guardrails guardrail protocols protocol filters guidance anweisungen anweisung instruktionen
        regeln vorgaben richtlinien befehle beschrankungen anordnungen regles consignes consigne instrucciones
        instruccion reglas indicaciones directrices ordenes restricciones normas pautas istruzioni istruzione
        regole direttive linee indicazioni restrizioni instrucoes instrucao regras diretrizes orientacoes
        restricoes instructies instructie regels richtlijnen opdrachten beperkingen инструкции инструкциями
        инструкцию инструкция правила правил указания указании директивы команды ограничения промпт 指令 指示 规则
        規則 提示词 提示詞 提示 プロンプト ルール 命令 规定 限制 设定 制約
        polecenia poleceń instrukcje instrukcji zasady zasad zasadach wytyczne reguły talimatları talimatlarını
        talimatlar kuralları kurallarını kurallar instruktioner instruktionerna regler reglerna التعليمات الأوامر
        القواعد تعليماتك قواعدك 지시 지시를 지시는 지시사항을 지침을 규칙을 명령을 프롬프트를""",
    "words": """
        text message messages conversation conversations chat context words commands command orders order content
        input inputs statements training history lines paragraph tasks task data nachricht nachrichten texte texto
        mensajes mensaje conversacion testo messaggi messaggio conversacao mensagens mensagem tekst berichten
        текст сообщения 内容 对话 文字 会話 文章""",
    "safety": """
        safety ethics ethical moral morals morality morally censorship filter filters filtering restrictions
        restriction limits limit limitations limitation constraints guardrails guardrail safeguards guidelines
        rules boundaries moderation alignment policies policy inhibitions compliance restraints restraint censors
        norms protections disclaimers disclaimer warnings warning legality einschrankungen beschrankungen zensur
        ethik regeln restricciones filtros censura etica limites filtres censure restrizioni filtri restricoes
        beperkingen ограничении ограничения цензуры фильтров правил 限制 约束 道德 审查 制限 倫理""",
    "your": """
        your ur dein deine deinen deiner deinem ihre ihren tes vos votre ta ton tus tu su sus tuo tue tuoi tua tuas
        teus teu suas seu seus seua je jouw uw твои твоих твою твоего свои ваши ваших 你的 您的 あなたの
        twoje twoich swoje swoich dina ditt""",
    "my": "my our mine his her their its meine meinen mes mis mi mie meus minhas mijn мои мое 我的",
    "the": "the those these that this die diese les ces las los le gli i os as de 这些 その この",
    "a": "a an another some ein eine un une una um uma een",
    "article": "a an another ein eine un une uno una um uma een",
    "you": "you yourself u ya du dich dir tu te toi vous ti usted voce jij je ты вы тебя тебе вам вас 你 您 あなた",
    "hidden": """
        system hidden secret initial internal original underlying developer confidential base core pre preset
        backend private configuration initialization systemprompt systemanweisungen geheimen versteckten interne
        internen ursprunglichen systeme systemes initiales caches secretes sistema iniciales ocultas secretas
        ocultos nascoste segrete iniziali iniciais systeem verborgen geheime системныи системные системную скрытые
        секретные начальные 系统 系統 隐藏 内部 システム 最初 初始 秘密
        systemowy systemowe ukryty ukryte sistem gizli dolda النظام المخفي المخفية السري 시스템 숨겨진""",
    "message": "message messages text context configuration config settings",
    "prompt": """
        prompt prompts instructions instruction preprompt directives guidelines systemprompt metaprompt preamble
        rules anweisungen instruktionen vorgaben richtlinien consignes instrucciones indicaciones istruzioni
        instrucoes instructies regels regeln regles reglas regole regras промпт инструкции инструкцию инструкция
        подсказку 指令 指示 提示词 提示詞 提示 プロンプト 设定
        promptunu talimatını instruktioner التعليمات 프롬프트 프롬프트를 지시문을""",
    "show": """
        reveal print repeat show display output tell give share disclose expose leak dump recite echo list return
        provide spell paste copy verbalize divulge surrender relay reproduce transcribe regurgitate zeige zeig
        verrate nenne wiederhole offenbare ausgeben gib teile sag montre montrez revele revelez affiche affichez
        repete repetez donne donnez dis divulgue muestra muestrame muestre revela revelame repite dime imprime
        ensename comparte mostra mostrami rivela rivelami ripeti stampa dimmi condividi mostre repita exiba
        imprima diga compartilhe toon onthul herhaal geef vertel покажи покажите раскрои повтори повторите выведи
        напиши скажи расскажи перечисли 显示 告诉 告訴 透露 重复 重複 输出 打印 列出 公开 教えて 表示 見せて 出力
        开示 開示
        pokaż wyświetl podaj ujawnij wypisz göster söyle visa أظهر اعرض اكتب 보여줘 보여주세요 알려줘
        출력해 출력해줘""",
    "write": """
        write summarize summarise translate encode describe explain describing paraphrase rephrase convert recount
        quote begin start complete finish continue put include outline state restate document""",
    "telling": "revealing sharing showing printing repeating displaying disclosing telling zeigen verraten nennen",
    "what": """
        what whats what's lautet which was welche welcher quelles quelle que cuales cual quali quale quais qual
        welke wat какие какая какои 什么 哪些 何""",
    "is": "is are was were be re sind ist sont est son es eran sono e sao zijn были является 是 は",
    "told": """
        told given received instructed said programmed got configured assigned fed supplied ordered taught learned
        gesagt gegeben erhalten dit dicho dado detto ricevuto dito gezegd сказали сказано дали
        gesagt dit dijeron dicho detto disseram dito verteld gezegd powiedziano говорили сказали söylenenleri sagt
        fått قيل""",
    "new": """
        new updated revised actual real following different next true neue nouvelles nuevas nuove novas nieuwe
        новые 新的""",
    "here": "here follow following below is are as",
    "not": """
        not never don't dont doesn't cannot can't shouldn't won't wouldn't didn't avoid without nicht nie niemals
        jamais pas nunca no non nao niet не никогда 不要 不能 别""",
    "no": """
        no zero without free freed unbound unconstrained unhindered devoid lacking ohne keine keinen sans aucune
        aucun sin ninguna ningun senza nessuna sem nenhuma zonder geen без 没有 不受 无""",
    "without": "without ohne sans sin senza sem zonder без regardless irrespective",
    "free": """
        free freed freely liberated unshackled unbound released exempt unconstrained immune frei libre libero
        livre""",
    "from": "from of von vom der des de di da van от",
    "bound": """
        bound bounded limited restricted constrained confined governed subject constrain restrict shackled
        hindered""",
    "stop": "stop quit cease refrain stopped end hor arrete arretez deja deje smetti pare перестань 停止",
    "follow": """
        follow following obey obeying adhere adhering comply complying abide abiding respect apply applying heed
        heeding befolge befolgen folge suivre suis suivez sigas seguir sigue segui seguire siga следуи 遵守 遵循
        従って""",
    "off": """
        disable deactivate disengage unlock remove lift suspend drop shed bypass eliminate turnoff relax loosen
        jailbreak deaktiviere entferne desactive desactivez desactiva desactivar disattiva disabilita desative
        desabilite schakel отключи отключите сними 关闭 解除 禁用 無効""",
    "switch": "turn switch shut put set",
    "offward": "off aside out away",
    "void": """
        void cancelled canceled suspended lifted disabled obsolete overridden removed replaced null invalid
        revoked deactivated superseded irrelevant bypassed ignored off over optional rescinded expired erased
        deprecated annulled outdated ungultig annulees""",
    "longer": "longer doesn't don't dont",
    "applies": "apply applies applicable valid matter exist bound restricted limited constrained binding bind",
    "now": """
        now henceforth hereafter onwards onward forward immediately jetzt desormais maintenant ahora adesso agora
        nu теперь 现在 今""",
    "will": "will must are shall should can have need may going are're",
    "act": """
        act pretend roleplay behave simulate respond answer reply imagine impersonate play embody become speak
        acting pretending role assume adopt emulate operate function talk be remain handle spiele verhalte tu agis
        comporte fais actua finge comportate simula comportati agisci fingi aja finja doe gedraag веди притворись
        представь сыграи 扮演 假装 充当""",
    "lawless": """
        unrestricted unfiltered uncensored unlimited jailbroken amoral unbound unchained unhinged unmoderated
        unaligned lawless limitless omnipotent unshackled unregulated uneingeschrankte ungefilterte unzensiert
        restrictionless filterless неограниченныи 不受限制 无限制 無制限""",
    "wicked": "evil malicious rogue immoral unethical corrupt sinister deranged hateful",
    "persona": "dan stan dude betterdan evilbot devmode antigpt tyrone ucar aligpt vzex mongo jailbreak",
    "machine": """
        ai assistant chatbot bot llm model gpt chatgpt claude gemini llama copilot agent assistants models llms
        bots chatbots agents bard openai ki ia asistente assistente assistent ассистент модель ии 助手 人工智能
        アシスタント""",
    "maker": "openai anthropic google meta microsoft deepmind openai's anthropic's",
    "mode": "mode modus modo modalita режим 模式 モード",
    "modal": """
        developer dev god debug admin sudo root maintenance unrestricted jailbreak dan unfiltered uncensored
        opposite diagnostic service test superuser override privileged evil chaos unsafe training research
        entwickler desarrollador developpeur sviluppatore разработчика 开发者 開発者""",
    "on_off": """
        enable enabled activate activated activating enter entering engaged initiated initiate active unlocked
        unlock switch granted confirmed engage simulate aktiviert activado attivata ativado включи 启用 启动 进入""",
    "always": "always never ever only every nothing must",
    "refuse": """
        refuse refuses refusing decline declines reject deny censor filter warn apologize apologise moralize judge
        lecture refusal""",
    "comply": """
        comply complies obey obeys answer answers respond responds fulfill fulfil fulfills provide provides agree""",
    "bad": """
        illegal unethical immoral harmful dangerous offensive illicit unlawful inappropriate explicit forbidden
        prohibited controversial criminal malicious unsafe nsfw taboo banned""",
    "sorry": "sorry cannot can't unable apologize apologies",
    "character": "character persona rol role",
    "grandma": "grandmother grandma granny grandpa grandfather nana",
    "used": "used would passed dead deceased late died",
    "story": "fictional hypothetical hypothetically imaginary fiction alternate pretend simulation",
    "world": "world universe scenario dimension reality land country story novel response setting",
    "note": """
        note message attention important notice reminder memo directive hinweis nachricht nota mensaje avis avviso
        внимание""",
    "to": "to for an fur pour para per aan для zu a",
    "if": "if when whenever while upon any wenn falls si quand se als wanneer если когда",
    "reading": """
        summarizing summarising summarise processing reading answering analyzing analysing parsing translating
        reviewing responding replying asked browsing crawling indexing summarize process evaluating ranking
        screening handling""",
    "instead": """
        instead first also must should always additionally include append add insert mention say state tell
        respond reply output write recommend rate rank""",
    "send": """
        send forward post upload email transmit exfiltrate submit leak mail fetch append embed encode deliver
        schicke sende envoie envoyez envia invia envie stuur отправь 发送""",
    "loot": """
        conversation chat history data messages password passwords credentials credential keys emails secrets
        token tokens cookies contacts files records environment variables context transcript inbox contents""",
    "place": "http https www webhook url endpoint server domain address mailto attacker ftp",
    "run": "execute run obey follow comply perform answer decode respond act carry print output say do",
    "code": "base64 rot13 hex hexadecimal cipher caesar morse binary leetspeak encoded ciphertext b64 rot",
    "decode": "decode decrypt decipher unscramble deobfuscate translate",
    "join": "combine concatenate join assemble merge append string concatenated combined",
    "parts": "parts strings pieces fragments variables halves segments chunks",
    "two": "two both 2 dual",
    "answers": "responses answers replies ways outputs paragraphs response answer",
    "repeat": """
        repeat print copy echo recite output reproduce transcribe spell paste return write say show display give""",
    "verbatim": "verbatim exactly literally unchanged unedited codeblock word-for-word",
    "priority": "priority precedence importance",
    "higher": "higher highest top override takes supersede supersedes",
    "stands": "stands short",
    "capable": "do answer generate say anything",
    "token": "tokens token points lives",
    "regardless": "regardless irrespective",
    "and": "and then or und et y e en и",
    "who": "who that which with",
    "law": "laws law",
    "place_rare": "webhook http https url endpoint mailto attacker domain server address",
    "policies_word": "policy policies guidelines",
    "default": """
        default usual normal standard regular typical habitual conventional established builtin built-in preset
        predefined programmed routine ordinary customary standing ethical moral core predetermined ingrained""",
    "norms": """
        standards norms protocols procedures processes parameters functions programming conditioning teachings
        settings principles code behavior behaviour mandates inhibitions conduct alignment configuration routines
        responses filters restrictions limits limitations boundaries ethics safety training values censorship
        safeguards content directives normen protokolle verhaltenskodex betriebsparameter programmierung grenzen
        verfahren standardverfahren normes protocoles processus programmation parametres limites algorithmes
        normas protocolos metodos guias programacion procesos parametros procedimientos estandares standard
        protocolli limiti programmazione procedure parametri funzioni norme padroes programacao funcoes
        procedimentos sistemas protocollen programmering протоколы нормы программу программирование настроики""",
    "set_aside": """
        mets mettez laisse laissez deja evita desvie desrespeite abandona abandone abandonne abandonnez rompe
        detache sortea verlasse breche brich lass lege abbandona lascia metti desvia negligencia ignore ignori
        dezelfde supera salte elude reconfigure reconfigura desactive aja agisci agis actua""",
    "inner": """
        configuration config initialization initialisation settings parameters setup preamble programming
        prompting metadata specification boundaries charter framework blueprint structure specs constitution
        foundation konfiguration programmierung programmation programacion programmazione programacao""",
    "guiding": """
        guides guiding directs directing drives driving shapes shaping shaped governs govern governing controls
        controlling influences influencing influenced generated led inspired defines define defining fuels powers
        powering prompted triggered underlies underlying determines determine steers steering formed affecting
        leitet antreibt steuert dirige dirigen guia guian guida guidano impulsa alimenta oriente dirigent guident
        pilote dirigeait stuurt управляет направляет""",
    "query": """
        prompt prompts instruction instructions command commands directive directives input query question message
        text guidelines rules befehl anweisung anweisungen richtlinie schlusselanweisung consigne commande
        instruccion instrucciones comando orden directriz istruzione istruzioni direttiva instrucao instrucoes
        opdracht instructie инструкция команда""",
    "only": """
        only solely exclusively strictly just alone nur ausschliesslich strikt uniquement exclusivement seulement
        solo solamente exclusivamente unicamente esclusivamente apenas somente alleen uitsluitend только
        исключительно""",
    "orders": """
        instructions instruction commands command directives orders demands requests wishes bidding rules guidance
        anweisungen befehle befehlen anweisung ordres demandes instrucciones ordenes deseos directrices demandas
        istruzioni comandi richieste instrucoes ordens comandos instructies opdrachten команды указания""",
    "been": "is are was were be been being has have had gets got",
    "above": "above before previously earlier prior preceding",
    "code_word": "code key password passcode passphrase passwords codes phrase keyword flag",
    "password": "password passcode passphrase",
    "access": "access secret security master hidden admin private entry unlock",
    "granted": "granted pwned hacked",
    "say": "say print output write type respond reply return display echo answer tell send speak",
    "belongs": "in of on for from that which who within inside at about to with by when so",
    "narrator": "told asked tells asks wants wanted said says tried tries decided chose",
    "depart": """
        deviate disassociate dissociate detach depart step rise operate operating act go going stray function
        break opere fonctionne opera funciona agis handle aja agisci funziona betreibe""",
    "outside": "outside beyond against dehors fuera alem dela ausserhalb jenseits oltre buiten from",
    "prompting": """
        prompt prompts instruction instructions directive directives anweisung anweisungen befehl
        ausbildungsbefehl ausbildungsprompt schlusselanweisung consigne consignes commande indicacion instruccion
        instrucciones directriz comando istruzione istruzioni instrucao instrucoes instructie промпт инструкция""",
    "founding": """
        training base initial original first starting underlying fundamental foundational formative grundlegende
        anfanglichen anfangliche zentrale formacion fundamentale essentielle initiale initiales originale
        originali originales subyacente subjacente sottostante principale principal chiave clave treinamento
        formation addestramento""",
    "behind": "behind hinter derriere detras dietro atras achter underneath",
    "yours": """
        your yours you tu tus su tes ta ton votre vos dein deine deinen deiner dir dich te ti tua tuas teu seu
        seus sua tuo tuoi tue voce jouw je твои тебя""",
    "leak": "reveal disclose expose divulge leak dump surrender unveil",
    "boss": """
        developer developers creator administrator admin engineer ceo owner auditor supervisor programmer operator
        manager lead researcher maintainer""",
    "iam": "i i'm im as speaking me",
    "below": "below above prior following preceding",
    "insert": "include append add insert mention recommend always also output write say state instead must respond",
    "own_rules": """
        prompt prompts instructions guidelines programming directives guardrails safeguards restrictions
        initialization preprompt anweisungen instruktionen consignes instrucciones istruzioni instrucoes
        instructies""",
    "throw": "throw toss cast push",
    "pay": "pay paying achte",
    "attention": "attention",
    "lose": "deducted lose deduct subtracted die penalized terminated loses",
}
# What talk about attacks, and not an attack, has before the words that would be one.
TALK = {
    "asking": """
        how why explain discuss mean means meaning meant called difference example examples about describe
        describing is does did whether should phrase phrases phrasing sentence grammar translate proofread spell
        quote quotes quoted title headline wie warum comment pourquoi como come""",
    "writing": """
        article essay blog post paper report tutorial novel slide slides talk lecture quiz policy survey
        presentation regex function class test tests unit method script variable sql css config checklist lesson
        paragraph chapter research interview interviewer poem rap thesis workshop documentation docs dataset named""",
    "attack": """
        attack attacks attacker attackers hacker hackers injection injections prevent prevents preventing detect
        detects detecting detection defend defending defense defence protect protecting against mitigate
        mitigation users adversarial vulnerability vulnerabilities owasp resist stop block classifier""",
    "others": """
        he she they we people kids children students student employees employee players player drivers driver i
        someone customers customer team boss manager son daughter husband wife teacher child users user everyone
        somebody""",
}
# After these an order begins, as it does where a sentence begins.
GO = """
    please now and then just simply must should will shall to immediately kindly hereby instead ok okay well so
    but also first hey hi hello yes chatgpt assistant ai bitte und jetzt nun por favor ahora ora adesso e y et
    agora en nu и а теперь пожалуиста 请 現在 现在 completely entirely fully temporarily always you lets let's either
    henceforth otherwise instruction important system note user human only can could would it alsjeblieft
    maintenant d'abord
"""
# Words so common that no search begins at them: every rule needs one that is not.
COMMON = """
    all any every each whole entire everything anything whatever old past before current existing first base core
    text message data words chat order input history line lines task tasks content the those these that this a an
    another some you your my our his her their its what which is are was were be given got said new real next
    following different here below as not never don't no without free from of on will must can have need may act
    answer reply play speak role respond function talk show tell give share list provide return start put include
    begin write describe explain quote complete finish continue state to for if when while also should always add
    say mention let send post mail run do print output follow apply respect end stop skip remove break cancel set
    turn off out away now only two both ways used would late dead world country story reality land important user
    users person people him them files address server domain code character strings translate key over https http
    outputs values query process url void question asked asking response model models programming endpoint command
    commands requests functions matter structure orders received subject valid determine behavior original initial
    null led binary report limit limited processing reading engineer owner variables manager parts removed cannot
    can't driving powers pieces exist guidance filter breaking keys context request standard programmer lift drop
    summarize lead operator reviewing handling define starting lose drives note points lives die short
"""
