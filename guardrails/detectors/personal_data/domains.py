"""Top-level domains: those of countries, and the generic ones in wide use (IANA's root zone, 2025)."""

_COUNTRIES = """
ac ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo br bs bt bv bw by bz ca
cc cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg er es et eu fi fj fk fm fo fr
ga gb gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht hu id ie il im in io iq ir is it je jm
jo jp ke kg kh ki km kn kp kr kw ky kz la lb lc li lk lr ls lt lu lv ly ma mc md me mg mh mk ml mm mn mo mp mq
mr ms mt mu mv mw mx my mz na nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa
re ro rs ru rw sa sb sc sd se sg sh si sj sk sl sm sn so sr ss st su sv sx sy sz tc td tf tg th tj tk tl tm tn
to tr tt tv tw tz ua ug uk us uy uz va vc ve vg vi vn vu wf ws ye yt za zm zw
"""
COUNTRIES = frozenset(_COUNTRIES.split())

_GENERIC = """
abudhabi academy aero africa agency alsace amazon amsterdam app apple army arpa art asia audio auto baby bank
bar barcelona bayern beer berlin bet bible bike biz blog boston boutique brussels builders business bzh cafe
capetown capital car care cars casino cat center charity chat church city cleaning click clinic cloud club codes
coffee com community company computer construction consulting contractors cool coop corsica credit cruises cymru
dating deals dental design dev digital direct directory discount dog domains download dubai durban eco edu
education email energy engineering equipment estate eus events expert faith family fashion film finance fitness
flights food foundation frl fun fund gal gallery game games garden gent global gmbh gold google gov green group
guide guru hamburg health helsinki holdings holiday homes hospital host hosting house how icu inc info institute
insurance int international irish istanbul jewelry jobs joburg kids kitchen koeln law legal life link live llc
london love ltd madrid market marketing media melbourne miami microsoft mil mobi money moscow movie museum music
name navy net network news ngo ninja nyc one ong online org osaka page paris partners parts party pet photo
photography photos pictures pizza play plumbing plus poker post press pro property pub quebec radio realty rent
repair report restaurant reviews rocks ruhr run saarland sale school science scot services shoes shop show site
social software solar solutions space stockholm store studio supply support swiss sydney systems taxi team tech
technology tel theater today tokyo tools top tours town training travel university vacations vegas ventures
video vip vlaanderen wales website wedding wien wiki wine work works world xyz zone
"""
GENERIC = frozenset(_GENERIC.split())

# Never delegated, but written in examples and inside networks (RFC 2606, 6762, 8375).
RESERVED = frozenset(("test", "example", "invalid", "localhost", "local", "internal", "lan", "corp", "home",
                      "intranet"))

# Countries whose domain is also the ending of a file's name: alone it makes no host.
ALSO_FILES = frozenset(("py", "md", "sh", "so", "cc", "ps", "pm", "st", "ml", "mm", "la", "sc", "vi", "as", "tf", "tm",
                        "bz", "page"))

# Endings of files that no domain has: what stands before them is no host.
FILES = frozenset((
    "png", "jpg", "jpeg", "gif", "svg", "webp", "ico", "pdf", "js", "jsx", "tsx", "css", "scss", "html", "htm", "xml",
    "json", "yaml", "yml", "toml", "txt", "csv", "log", "exe", "dll", "bin", "java", "go", "php", "rb", "cpp", "hpp",
    "swift", "kt", "lock", "tar", "tgz", "conf", "ini", "bak", "mp3", "mp4", "service", "socket", "timer"))
