"""Words that stand in addresses and in the names of firms, as parts of regular expressions: in the languages of Latin
script that are written most. No word begins with what another one is whole, but for its length."""

# Before the name of a street. Romance, Slavic and Indonesian streets begin with their kind, Brazilian ones with any of
# forty.
STREET = (
    "Via|Viale|Vicolo|Piazza|Piazzale|Piazzetta|Corso|Strada|Borgo|Contrada|Rotonda|Incrocio|Stretto|Canale|Largo|Lungarno"
    "|Calle|C/|C\\.|Cl\\.|Avenida|Avda|Av|Blv|Diag|Ruta|Paseo|Plaza|Pza|Camino|Carretera|Carrera|Cr\\.|Ronda|Rambla|Travesía|Glorieta"
    "|Callejón|Cañada|Cuesta|Acceso|Vial|Urbanización|Pasaje|Psje|Pasadizo|Andador|Ampliación|Boulevard|Calzada|Cerrada"
    "|Circuito|Circunvalación|Continuación|Corredor|Diagonal|Transversal|Eje vial|Peatonal|Periférico|Privada"
    "|Prolongación|Retorno|Viaducto|Autopista|Avinguda|Carrer|Passeig|Plaça"
    "|Rua|R\\.|Travessa|Praça|Alameda|Estrada|Rodovia|Ladeira|Viela|Vereda|Viaduto|Passarela|Beco|Aeroporto|Área|Campo"
    "|Chácara|Colônia|Condomínio|Conjunto|Distrito|Esplanada|Estação|Favela|Fazenda|Feira|Jardim|Lago|Lagoa|Loteamento"
    "|Morro|Núcleo|Parque|Pátio|Praia|Quadra|Recanto|Residencial|Setor|Sítio|Trecho|Trevo|Vale|Vila"
    "|[Rr]ue|[Aa]venue|[Bb]oulevard|[Cc]hemin|[Aa]llée|[Ii]mpasse|[Qq]uai|[Rr]oute|[Cc]ours|[Pp]assage|[Rr]ésidence"
    "|[Mm]ontée|[Uu]lica|[Uu]l|[Aa]leja|[Aa]leje|[Aa]l|[Pp]lac|[Pp]l|[Oo]s|[Oo]siedle|[Nn]áměstí|[Nn]ám|[Tt]řída"
    "|Aleea|Intrarea|Bulevardul|Soseaua|Drumul|Jl|Jln|Jalan|Gg|Gang|Cadde|Sokak")
# Behind the name of a street, in English.
STREET_AFTER = (
    "Street|St|Road|Rd|Lane|Ln|Avenue|Ave|Drive|Dr|Close|Court|Way|Place|Square|Marg|Nagar|Ganj|Zila|Path|Chowk|Circle")
# What begins or ends a line of letters that is a house's, not a person's.
HOUSE = (
    f"{STREET_AFTER}|House|Cottage|Flats?|Hall|Farm|Mill|Barn|Lodge|Tower|Building|Rectory|Villa|Mansions|Apartments|Suite"
    "|Unit|Floor|Park|Résidence|Bât|Bâtiment|Immeuble|Haus|Hof|Edificio|Palazzo"
    "|\\w{0,24}(?:straße|strasse|gasse|weg|platz|allee|straat|laan|gatan|vägen|gade|vej|utca|katu)")
# A part of a house.
UNIT = (
    "Flat|flat|Apt|apt|Apartment|Unit|unit|Block|N[º°]|Suite|suite|Ste|Level|Floor|Room|room|Rm|Studio|Lot|No|Nr"
    "|Appartamento|Interno|Int|Scala|Piano|Piso"
    "|Puerta|Pta|Esc|Portal|Depto|Dpto|Dto|Edif|Interior|Torre|Local|Oficina|Of|Bodega|Etapa|Apto|apto|Apartamento|Bloco|Casa"
    "|Andar|Bât|Bâtiment|Appt|Étage|Etage|Wohnung|Whg|OG|EG|Stiege|Top|Hinterhaus|Bus|bus|m|lok|izda|dcha|bajo|Bl|Sc|Ap")
# What stands in small letters in the names of streets, towns and people.
PARTICLE = (
    "de|del|della|delle|dei|degli|di|da|do|dos|das|du|des|la|le|las|los|les|el|al|alla|y|e|i|am|an|der|den|dem|im|in|zum"
    "|zur|bei|ob|auf|ter|ten|van|von|sur|sous|en|lès|nad|pod|u|upon|los bajos|los altos")
COUNTRY = (
    "USA|U\\.S\\.A\\.|United States(?: of America)?|UK|U\\.K\\.|United Kingdom|Great Britain|England|Scotland|Wales"
    "|Northern Ireland|Ireland|Éire|Canada|Australia|New Zealand|South Africa|India|Singapore|Japan|Kenya|Nigeria|Ghana"
    "|Deutschland|Germany|Österreich|Austria|Schweiz|Suisse|Svizzera|Switzerland|France|Frankreich|Belgique|België|Belgium"
    "|Luxembourg|España|Spain|México|Mexico|Argentina|Chile|Colombia|Perú|Italia|Italy|Portugal|Brasil|Brazil|Nederland"
    "|(?:The )?Netherlands|Polska|Poland|Česko|Czech Republic|Česká republika|Slovensko|Danmark|Denmark|Sverige|Sweden"
    "|Norge|Norway|Suomi|Finland|Türkiye|Turkey|Indonesia|Magyarország|Hungary|România|Romania|Greece|Hrvatska|Croatia")
FIRM_AFTER = (
    r" (?:and|&|und|e|y|et|og|och|és) (?:Sons|Söhne|Söner|Sønner|Co|Partners?|Associates|[Aa]sociados|Fils|[Ff]igli"
    r"|Filhos|[Hh]ijos|Zonen|Fia|társa)\b| & |,? (?:Inc|Ltd|Ltda|Lda|Limited|LLC|LLP|PLC|plc|GmbH|GbR|KGaA|KG|OHG|OG|AG"
    r"|AB|HB|KB|BV|B\.V|NV|N\.V|SA|SAS|SARL|SRL|SpA|SPA|Oy|Oyj|A/S|AS|ApS|Corp|Group|Groupe|Groep|Gruppe|Bank|Holdings?"
    r"|Company|Stiftung|Foundation|Logistics|Industries|Motors|S\.(?:A|L|C|N\.C|p\.A|r\.l|n\.c|a\.s)|S/A|s\.p\.a|s\.r\.[lo]"
    r"|Sp\. ?[zkj]|a\.s|k\.s|Kft|Kkt|Kht|Zrt|Nyrt|Bt|Tbk|SNC|INC|VOF|d\.d|d\.o\.o|s\.p|v\.o\.s|Şti|A\.Ş"
    r"|- (?:EI|ME))(?![a-z])")
FIRM_BEFORE = (
    "PT|CV|UD|PD|Perum|Grupo|Gruppo|Koninklijke|Royal|Banco|Banca|Hotel|Fundacja|Stichting|Stiftung|Stowarzyszenie"
    "|Spółdzielnia|FPUH|PPUH|Grupa|Gabinety|Firma|Kancelaria|Suministros|Industrias|Tecnologías|Despacho|Laboratorios"
    "|Bruder|Gebrüder|Compañía|Fundación")
