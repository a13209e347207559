//! The tables of countries and languages as text: one line each.
//!
//! Sources: ISO 3166-1 (codes; `XK` is user-assigned and what the EU and shops use for
//! Kosovo), the UN's list of distinguishing signs of vehicles in international traffic (car
//! codes), ISO 639-1 and 639-2 (languages). English and German names follow the usage of the
//! German Foreign Office and of Unicode CLDR; native names are given for Europe and its
//! neighbours.

/// `alpha-2 alpha-3 [further codes …]; English name; other names …`.
pub(super) const COUNTRIES: &str = "
AD AND; Andorra; Fürstentum Andorra; Principat d'Andorra
AE ARE UAE VAE; United Arab Emirates; Vereinigte Arabische Emirate; الإمارات العربية المتحدة; Dubai; Abu Dhabi
AF AFG; Afghanistan; افغانستان
AG ATG; Antigua and Barbuda; Antigua und Barbuda
AI AIA; Anguilla
AL ALB; Albania; Albanien; Shqipëria; Shqipëri
AM ARM; Armenia; Armenien; Hayastan; Հայաստան
AO AGO; Angola
AQ ATA; Antarctica; Antarktis
AR ARG RA; Argentina; Argentinien
AS ASM; American Samoa; Amerikanisch-Samoa
AT AUT A; Austria; Österreich; Republik Österreich; Republic of Austria; Oestereich
AU AUS; Australia; Australien
AW ABW; Aruba
AX ALA; Åland Islands; Åland; Ålandinseln; Aland-Inseln; Ahvenanmaa
AZ AZE; Azerbaijan; Aserbaidschan; Azərbaycan
BA BIH; Bosnia and Herzegovina; Bosnien und Herzegowina; Bosnien-Herzegowina; Bosna i Hercegovina; Босна и Херцеговина; Bosnia; Bosnien; BuH
BB BRB BDS; Barbados
BD BGD; Bangladesh; Bangladesch; বাংলাদেশ
BE BEL B; Belgium; Belgien; België; Belgique; Königreich Belgien
BF BFA; Burkina Faso
BG BGR; Bulgaria; Bulgarien; България
BH BHR; Bahrain; البحرين
BI BDI; Burundi
BJ BEN; Benin; Bénin
BL BLM; Saint Barthélemy; Sankt Bartholomäus; St. Barthélemy; St. Barths
BM BMU; Bermuda
BN BRN BRU; Brunei; Brunei Darussalam
BO BOL; Bolivia; Bolivien; Plurinational State of Bolivia
BQ BES; Bonaire, Sint Eustatius and Saba; Bonaire, Sint Eustatius und Saba; Caribbean Netherlands; Karibische Niederlande; Bonaire; Caribisch Nederland
BR BRA; Brazil; Brasilien; Brasil
BS BHS; Bahamas; The Bahamas
BT BTN; Bhutan
BV BVT; Bouvet Island; Bouvetinsel; Bouvetøya
BW BWA RB; Botswana; Botsuana
BY BLR; Belarus; Weißrussland; Weissrussland; Беларусь; Белоруссия; Byelorussia; White Russia; Republik Belarus
BZ BLZ; Belize
CA CAN CDN; Canada; Kanada
CC CCK; Cocos (Keeling) Islands; Kokosinseln; Cocos Islands; Keeling Islands
CD COD CGO; Democratic Republic of the Congo; Demokratische Republik Kongo; Congo (Kinshasa); Kongo-Kinshasa; DR Kongo; DR Congo; Congo, The Democratic Republic of the
CF CAF RCA; Central African Republic; Zentralafrikanische Republik
CG COG RCB; Republic of the Congo; Republik Kongo; Congo (Brazzaville); Kongo-Brazzaville
CH CHE; Switzerland; Schweiz; Suisse; Svizzera; Svizra; Die Schweiz; Schweizerische Eidgenossenschaft; Confoederatio Helvetica
CI CIV; Côte d'Ivoire; Elfenbeinküste; Ivory Coast
CK COK; Cook Islands; Cookinseln; Cook-Inseln
CL CHL RCH; Chile
CM CMR CAM; Cameroon; Kamerun; Cameroun
CN CHN; China; Volksrepublik China; People's Republic of China; VR China; PRC; 中国; 中國
CO COL; Colombia; Kolumbien
CR CRI; Costa Rica
CU CUB C; Cuba; Kuba
CV CPV; Cabo Verde; Kap Verde; Cape Verde; Kapverden
CW CUW; Curaçao
CX CXR; Christmas Island; Weihnachtsinsel
CY CYP; Cyprus; Zypern; Republik Zypern; Republic of Cyprus; Κύπρος; Kypros; Kıbrıs
CZ CZE; Czechia; Tschechien; Czech Republic; Tschechische Republik; Česko; Česká republika; Tschechei
DE DEU D GER BRD FRG; Germany; Deutschland; Bundesrepublik Deutschland; Federal Republic of Germany; Bundesrepublik; Allemagne; Germania; Duitsland
DJ DJI; Djibouti; Dschibuti
DK DNK; Denmark; Dänemark; Danmark; Königreich Dänemark
DM DMA WD; Dominica
DO DOM; Dominican Republic; Dominikanische Republik; República Dominicana
DZ DZA; Algeria; Algerien; Algérie; الجزائر
EC ECU; Ecuador; Ekuador
EE EST; Estonia; Estland; Eesti
EG EGY; Egypt; Ägypten; مصر
EH ESH; Western Sahara; Westsahara
ER ERI; Eritrea
ES ESP E; Spain; Spanien; España; Espanya; Espainia; Königreich Spanien
ET ETH; Ethiopia; Äthiopien
FI FIN SF; Finland; Finnland; Suomi; Republik Finnland
FJ FJI; Fiji; Fidschi; Fidji
FK FLK; Falkland Islands; Falklandinseln; Falkland Islands (Malvinas); Malwinen
FM FSM; Micronesia; Mikronesien; Federated States of Micronesia; Föderierte Staaten von Mikronesien
FO FRO; Faroe Islands; Färöer; Føroyar; Färöer-Inseln; Faeroe Islands; Færøerne
FR FRA F; France; Frankreich; République française; Französische Republik
GA GAB; Gabon; Gabun
GB GBR UK XI; United Kingdom; Vereinigtes Königreich; Great Britain; Großbritannien; United Kingdom of Great Britain and Northern Ireland; Vereinigtes Königreich Großbritannien und Nordirland; Britain; England; Scotland; Schottland; Wales; Northern Ireland; Nordirland; U.K.; G.B.
GD GRD WG; Grenada
GE GEO; Georgia; Georgien; საქართველო; Sakartvelo
GF GUF; French Guiana; Französisch-Guayana; Französisch-Guyana; Guyane
GG GGY GBG; Guernsey
GH GHA; Ghana
GI GIB GBZ; Gibraltar
GL GRL; Greenland; Grönland; Kalaallit Nunaat
GM GMB WAG; Gambia; The Gambia
GN GIN; Guinea; Guinée
GP GLP; Guadeloupe
GQ GNQ; Equatorial Guinea; Äquatorialguinea
GR GRC EL; Greece; Griechenland; Ελλάδα; Ελλάς; Ellada; Hellas; Hellenic Republic; Hellenische Republik
GS SGS; South Georgia and the South Sandwich Islands; Südgeorgien und die Südlichen Sandwichinseln; South Georgia; Südgeorgien
GT GTM GCA; Guatemala
GU GUM; Guam
GW GNB; Guinea-Bissau
GY GUY; Guyana
HK HKG; Hong Kong; Hongkong; Hong Kong SAR China; Sonderverwaltungsregion Hongkong; 香港
HM HMD; Heard Island and McDonald Islands; Heard und McDonaldinseln
HN HND; Honduras
HR HRV; Croatia; Kroatien; Hrvatska; Republik Kroatien
HT HTI RH; Haiti
HU HUN H; Hungary; Ungarn; Magyarország
ID IDN RI; Indonesia; Indonesien
IE IRL; Ireland; Irland; Éire; Republic of Ireland; Republik Irland
IL ISR; Israel; ישראל; إسرائيل
IM IMN GBM; Isle of Man; Insel Man; Ellan Vannin
IN IND; India; Indien; भारत; Bharat
IO IOT; British Indian Ocean Territory; Britisches Territorium im Indischen Ozean
IQ IRQ; Iraq; Irak; العراق
IR IRN; Iran; Islamic Republic of Iran; Islamische Republik Iran; ایران
IS ISL; Iceland; Island; Ísland
IT ITA I; Italy; Italien; Italia; Italienische Republik
JE JEY GBJ; Jersey
JM JAM JA; Jamaica; Jamaika
JO JOR HKJ; Jordan; Jordanien; الأردن
JP JPN J; Japan; 日本; Nippon; Nihon
KE KEN EAK; Kenya; Kenia
KG KGZ; Kyrgyzstan; Kirgisistan; Kirgistan; Кыргызстан
KH KHM K; Cambodia; Kambodscha
KI KIR; Kiribati
KM COM; Comoros; Komoren
KN KNA; Saint Kitts and Nevis; St. Kitts und Nevis; St. Kitts and Nevis
KP PRK; North Korea; Nordkorea; Democratic People's Republic of Korea; Demokratische Volksrepublik Korea
KR KOR ROK; South Korea; Südkorea; Republic of Korea; Republik Korea; Korea, Republic of; 대한민국; 한국
KW KWT; Kuwait; الكويت
KY CYM; Cayman Islands; Kaimaninseln; Cayman-Inseln
KZ KAZ; Kazakhstan; Kasachstan; Казахстан; Қазақстан
LA LAO; Laos; Lao People's Democratic Republic; Demokratische Volksrepublik Laos
LB LBN RL; Lebanon; Libanon; لبنان; Liban
LC LCA WL; Saint Lucia; St. Lucia
LI LIE FL; Liechtenstein; Fürstentum Liechtenstein; Principality of Liechtenstein
LK LKA; Sri Lanka; Ceylon
LR LBR; Liberia
LS LSO; Lesotho
LT LTU; Lithuania; Litauen; Lietuva
LU LUX L; Luxembourg; Luxemburg; Lëtzebuerg; Großherzogtum Luxemburg
LV LVA; Latvia; Lettland; Latvija
LY LBY LAR; Libya; Libyen; ليبيا
MA MAR; Morocco; Marokko; Maroc; المغرب
MC MCO; Monaco; Principauté de Monaco
MD MDA; Moldova; Moldau; Moldawien; Republik Moldau; Republic of Moldova; Republica Moldova
ME MNE; Montenegro; Crna Gora; Црна Гора
MF MAF; Saint Martin; Saint-Martin; St. Martin; Saint Martin (French part)
MG MDG RM; Madagascar; Madagaskar
MH MHL; Marshall Islands; Marshallinseln; Marshall-Inseln
MK MKD NMK FYROM; North Macedonia; Nordmazedonien; Macedonia; Mazedonien; Северна Македонија; Македонија; Severna Makedonija; Republik Nordmazedonien
ML MLI RMM; Mali
MM MMR MYA; Myanmar; Burma; Birma; Myanmar (Burma)
MN MNG MGL; Mongolia; Mongolei; Монгол улс
MO MAC; Macao; Macau; Macao SAR China; Sonderverwaltungsregion Macau; 澳門
MP MNP; Northern Mariana Islands; Nördliche Marianen
MQ MTQ; Martinique
MR MRT RIM; Mauritania; Mauretanien
MS MSR; Montserrat
MT MLT M; Malta
MU MUS; Mauritius; Maurice
MV MDV; Maldives; Malediven
MW MWI; Malawi
MX MEX; Mexico; Mexiko; México
MY MYS MAL; Malaysia
MZ MOZ MOC; Mozambique; Mosambik; Moçambique
NA NAM; Namibia
NC NCL; New Caledonia; Neukaledonien; Nouvelle-Calédonie
NE NER RN; Niger
NF NFK; Norfolk Island; Norfolkinsel
NG NGA WAN; Nigeria
NI NIC; Nicaragua; Nikaragua
NL NLD HOL; Netherlands; Niederlande; Nederland; Holland; The Netherlands; Die Niederlande; Königreich der Niederlande; Pays-Bas
NO NOR N; Norway; Norwegen; Norge; Noreg; Königreich Norwegen
NP NPL; Nepal; नेपाल
NR NRU NAU; Nauru
NU NIU; Niue
NZ NZL; New Zealand; Neuseeland; Aotearoa
OM OMN; Oman; عمان
PA PAN; Panama; Panamá
PE PER; Peru; Perú
PF PYF; French Polynesia; Französisch-Polynesien; Polynésie française
PG PNG; Papua New Guinea; Papua-Neuguinea
PH PHL RP; Philippines; Philippinen; Pilipinas
PK PAK; Pakistan; پاکستان
PL POL; Poland; Polen; Polska; Republik Polen
PM SPM; Saint Pierre and Miquelon; St. Pierre und Miquelon
PN PCN; Pitcairn; Pitcairninseln; Pitcairn Islands
PR PRI; Puerto Rico
PS PSE; Palestine; Palästina; State of Palestine; Palestinian Territories; Palästinensische Autonomiegebiete; Palästinensische Gebiete; فلسطين
PT PRT P; Portugal; República Portuguesa
PW PLW PAL; Palau
PY PRY; Paraguay
QA QAT Q; Qatar; Katar; قطر
RE REU; Réunion; La Réunion
RO ROU ROM; Romania; Rumänien; România
RS SRB; Serbia; Serbien; Srbija; Србија
RU RUS; Russia; Russland; Russian Federation; Russische Föderation; Россия; Российская Федерация; Rossija; Rossiya
RW RWA; Rwanda; Ruanda
SA SAU KSA; Saudi Arabia; Saudi-Arabien; السعودية; المملكة العربية السعودية
SB SLB; Solomon Islands; Salomonen; Salomon-Inseln
SC SYC; Seychelles; Seychellen
SD SDN SUD; Sudan; السودان
SE SWE S; Sweden; Schweden; Sverige; Königreich Schweden
SG SGP; Singapore; Singapur; 新加坡
SH SHN; Saint Helena, Ascension and Tristan da Cunha; St. Helena; Sankt Helena; Saint Helena; St. Helena, Ascension und Tristan da Cunha
SI SVN SLO; Slovenia; Slowenien; Slovenija
SJ SJM; Svalbard and Jan Mayen; Spitzbergen und Jan Mayen; Svalbard und Jan Mayen; Svalbard; Spitzbergen
SK SVK; Slovakia; Slowakei; Slovak Republic; Slowakische Republik; Slovensko; Slovenská republika
SL SLE WAL; Sierra Leone
SM SMR RSM; San Marino; Repubblica di San Marino
SN SEN; Senegal; Sénégal
SO SOM; Somalia; Soomaaliya
SR SUR SME; Suriname; Surinam
SS SSD SSUD; South Sudan; Südsudan
ST STP; São Tomé and Príncipe; São Tomé und Príncipe
SV SLV; El Salvador
SX SXM; Sint Maarten; Sint Maarten (Dutch part)
SY SYR; Syria; Syrien; Syrian Arab Republic; Arabische Republik Syrien; سوريا
SZ SWZ; Eswatini; Swasiland; Swaziland
TC TCA; Turks and Caicos Islands; Turks- und Caicosinseln
TD TCD; Chad; Tschad; Tchad
TF ATF; French Southern Territories; Französische Süd- und Antarktisgebiete; Französische Südgebiete
TG TGO; Togo
TH THA T; Thailand; ประเทศไทย; ไทย
TJ TJK; Tajikistan; Tadschikistan; Тоҷикистон
TK TKL; Tokelau
TL TLS; Timor-Leste; Osttimor; East Timor
TM TKM; Turkmenistan; Türkmenistan
TN TUN; Tunisia; Tunesien; Tunisie; تونس
TO TON; Tonga
TR TUR; Turkey; Türkei; Türkiye; Republik Türkei; Türkiye Cumhuriyeti
TT TTO; Trinidad and Tobago; Trinidad und Tobago
TV TUV; Tuvalu
TW TWN RC; Taiwan; Taiwan, Province of China; 台灣; 臺灣; 台湾
TZ TZA EAT; Tanzania; Tansania; United Republic of Tanzania; Vereinigte Republik Tansania
UA UKR; Ukraine; Україна; Украина; Ukraina
UG UGA EAU; Uganda
UM UMI; United States Minor Outlying Islands; Amerikanische Überseeinseln
US USA; United States; Vereinigte Staaten; United States of America; Vereinigte Staaten von Amerika; U.S.A.; U.S.; The United States
UY URY; Uruguay
UZ UZB; Uzbekistan; Usbekistan; Oʻzbekiston; Узбекистан
VA VAT V; Vatican City; Vatikanstadt; Vatikan; Vatican; Holy See; Heiliger Stuhl; Holy See (Vatican City State); Città del Vaticano; Staat Vatikanstadt
VC VCT WV; Saint Vincent and the Grenadines; St. Vincent und die Grenadinen
VE VEN YV; Venezuela; Bolivarian Republic of Venezuela; Bolivarische Republik Venezuela
VG VGB; British Virgin Islands; Britische Jungferninseln; Virgin Islands, British
VI VIR; U.S. Virgin Islands; Amerikanische Jungferninseln; United States Virgin Islands; Virgin Islands, U.S.
VN VNM; Vietnam; Viet Nam; Việt Nam
VU VUT; Vanuatu
WF WLF; Wallis and Futuna; Wallis und Futuna
WS WSM; Samoa
XK XKX RKS KOS; Kosovo; Kosova; Косово; Republik Kosovo
YE YEM; Yemen; Jemen; اليمن
YT MYT; Mayotte
ZA ZAF RSA; South Africa; Südafrika; Republik Südafrika; Suid-Afrika
ZM ZMB Z; Zambia; Sambia
ZW ZWE; Zimbabwe; Simbabwe
";

/// `639-1 639-2 [further codes …]; English name; other names …`.
///
/// Not every code of ISO 639-1: those that are far more often a country's code by mistake
/// (`SE` is Northern Sami, `CH` Chamorro, `EE` Ewe, `SI` Sinhala) are left out.
pub(super) const LANGUAGES: &str = "
AF AFR; Afrikaans
AM AMH; Amharic; Amharisch
AR ARA; Arabic; Arabisch; العربية
AZ AZE; Azerbaijani; Aserbaidschanisch
BE BEL; Belarusian; Belarussisch; Weißrussisch; Беларуская
BG BUL; Bulgarian; Bulgarisch; Български
BN BEN; Bengali; Bengalisch; Bangla
BS BOS; Bosnian; Bosnisch; Bosanski
CA CAT; Catalan; Katalanisch; Català
CS CZE CES; Czech; Tschechisch; Čeština; Česky
CY WEL CYM; Welsh; Walisisch; Cymraeg
DA DAN; Danish; Dänisch; Dansk
DE GER DEU; German; Deutsch
EL GRE ELL; Greek; Griechisch; Ελληνικά
EN ENG; English; Englisch
EO EPO; Esperanto
ES SPA; Spanish; Spanisch; Español; Castellano
ET EST; Estonian; Estnisch; Eesti
EU BAQ EUS; Basque; Baskisch; Euskara
FA PER FAS; Persian; Persisch; Farsi; فارسی
FI FIN; Finnish; Finnisch; Suomi
FO FAO; Faroese; Färöisch; Føroyskt
FR FRE FRA; French; Französisch; Français
FY FRY; Western Frisian; Friesisch; Westfriesisch; Frysk
GA GLE; Irish; Irisch; Gaeilge
GD GLA; Scottish Gaelic; Schottisch-Gälisch; Gàidhlig
GL GLG; Galician; Galicisch; Galego
HE HEB; Hebrew; Hebräisch; עברית
HI HIN; Hindi; हिन्दी
HR HRV; Croatian; Kroatisch; Hrvatski
HU HUN; Hungarian; Ungarisch; Magyar
HY ARM HYE; Armenian; Armenisch; Հայերեն
ID IND; Indonesian; Indonesisch; Bahasa Indonesia
IS ICE ISL; Icelandic; Isländisch; Íslenska
IT ITA; Italian; Italienisch; Italiano
JA JPN; Japanese; Japanisch; 日本語
KA GEO KAT; Georgian; Georgisch; ქართული
KK KAZ; Kazakh; Kasachisch
KM KHM; Khmer
KO KOR; Korean; Koreanisch; 한국어
KU KUR; Kurdish; Kurdisch; Kurdî
LA LAT; Latin; Latein; Lateinisch
LB LTZ; Luxembourgish; Luxemburgisch; Lëtzebuergesch
LT LIT; Lithuanian; Litauisch; Lietuvių
LV LAV; Latvian; Lettisch; Latviešu
MK MAC MKD; Macedonian; Mazedonisch; Македонски
MN MON; Mongolian; Mongolisch
MS MAY MSA; Malay; Malaiisch; Bahasa Melayu
MT MLT; Maltese; Maltesisch; Malti
NB NOB; Norwegian Bokmål; Bokmål; Norsk bokmål
NE NEP; Nepali; Nepalesisch
NL DUT NLD; Dutch; Niederländisch; Holländisch; Nederlands; Flemish; Flämisch; Vlaams
NN NNO; Norwegian Nynorsk; Nynorsk; Norsk nynorsk
NO NOR; Norwegian; Norwegisch; Norsk
PL POL; Polish; Polnisch; Polski
PT POR; Portuguese; Portugiesisch; Português
RM ROH; Romansh; Rätoromanisch; Rumantsch
RO RUM RON MO; Romanian; Rumänisch; Română; Moldovan; Moldauisch
RU RUS; Russian; Russisch; Русский
SK SLO SLK; Slovak; Slowakisch; Slovenčina; Slovensky
SL SLV; Slovenian; Slowenisch; Slovenščina; Slovene
SQ ALB SQI; Albanian; Albanisch; Shqip
SR SRP SH; Serbian; Serbisch; Српски; Srpski
SV SWE; Swedish; Schwedisch; Svenska
SW SWA; Swahili; Suaheli; Kiswahili
TA TAM; Tamil; Tamilisch
TH THA; Thai; Thailändisch; ไทย
TL TGL FIL; Tagalog; Filipino; Philippinisch
TR TUR; Turkish; Türkisch; Türkçe
UK UKR; Ukrainian; Ukrainisch; Українська
UR URD; Urdu; اردو
UZ UZB; Uzbek; Usbekisch
VI VIE; Vietnamese; Vietnamesisch; Tiếng Việt
ZH CHI ZHO; Chinese; Chinesisch; 中文; Mandarin
";
