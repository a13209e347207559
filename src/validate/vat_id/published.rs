//! VAT ids as their owners and others published them, against our form and check digits: at
//! least five right and five wrong ones for every state of the EU and for Northern Irish.
//!
//! The verdict on each of them is also that of python-stdnum 2.2 (`stdnum.eu.vat`, for `XI`
//! `stdnum.gb.vat`), which was asked when the table was made. Where they come from:
//!
//! - `stdnum`: `tests/test_eu_vat.doctest` of python-stdnum: numbers that its authors found
//!   online, and such that they altered. For `XI` `tests/test_gb_vat.doctest`: Northern Irish
//!   traders keep their British number and put XI before it (HMRC, "Trading and moving goods in
//!   and out of Northern Ireland").
//! - `jsvat`: the list of Croatian numbers in the tests of jsvat.
//! - `imprint`: the imprints of well-known companies: SAP, BMW, Bosch, Deutsche Telekom and
//!   Lufthansa (DE); Amazon EU and Amazon Services Europe (LU); Hrvatski Telekom and INA (HR);
//!   Red Bull (AT); Spotify (SE); Novo Nordisk (DK).
//! - `altered`: right ones with one digit altered or two neighbours swapped.

use super::{check, has_right_check_digits};

const IDS: &str = "
AT right stdnum: ATU14243102 ATU15159209 ATU28560205 ATU46276408 ATU46080404 ATU61195628 ATU13585627
AT right imprint: ATU33864707
AT wrong stdnum: ATU14343102 ATU15169209 ATU46080904 ATU61191628
AT wrong altered: ATU12443102 ATU15151209
BE right stdnum: BE0468561072 BE0202239951 BE0407139583 BE0428759497 BE0697449992 BE0897290877
BE wrong stdnum: BE0406139583 BE0793013186 BE0697449982
BE wrong altered: BE0468560172 BE0202239953 BE0047139583
BG right stdnum: BG103873594 BG131202360 BG175074752 BG7111042925 BG7523169263 BG8032056031
BG wrong stdnum: BG1037735942 BG131172009 BG147147471 BG200940556
BG wrong altered: BG130873594 BG137202360
CY right stdnum: CY10246672X CY10263870R CY10008489A CY10259033P CY00632993F CY10274231F
CY wrong stdnum: CY10246672F CY10009489A CY10257074Y CY00632893F
CY wrong altered: CY10426672X CY10463870R
CZ right stdnum: CZ25123891 CZ61467839 CZ640903926 CZ6956220612 CZ00023205 CZ7205151536 CZ654123789
CZ wrong stdnum: CZ25557481 CZ48207726 CZ640913926 CZ8058018314
CZ wrong altered: CZ25128391 CZ61467869
DE right stdnum: DE118619592 DE129304291 DE811363057 DE119263782 DE136308783 DE812847601 DE813113875
DE right imprint: DE143454214 DE129273398 DE811128135 DE123475223 DE122652565
DE wrong stdnum: DE125014855 DE246495415 DE813913875 DE266297673
DE wrong altered: DE118691592 DE129304293
DK right stdnum: DK10503280 DK11975658 DK10150817 DK10290813 DK26210895 DK36149213
DK right imprint: DK24256790
DK wrong stdnum: DK11965658 DK25652202 DK27996592 DK10159817
DK wrong altered: DK10503208 DK11475658
EE right stdnum: EE100931558 EE100523487 EE100594102 EE100832107 EE101288941 EE101256753
EE wrong stdnum: EE100941558 EE100525487 EE101586639 EE101256754
EE wrong altered: EE100391558 EE105523487
EL right stdnum: EL039868210 EL094012834 EL094237076 EL998386804 EL094501040 EL094279805
EL wrong stdnum: EL094013834 EL094068733 EL094501140 EL094269805
EL wrong altered: EL039886210 EL094312834
ES right stdnum: ESQ0818001J ES54362315K ESA28184661 ESB58378431 ESR9600075G ESX5253868R ESY5277343F ESA78109592
ES wrong stdnum: ES54362415K ESK2814015F ESX2322300W ESA48951310
ES wrong altered: ESQ0881001J ES54366315K
FI right stdnum: FI02459042 FI09826511 FI18949388 FI20774740 FI20946063 FI18261444
FI wrong altered: FI20459042 FI09826561 FI18949838 FI20774940 FI29046063 FI18231444
FR right stdnum: FR04409414364 FR09434086930 FR19552143273 FR41343848552 FR83404833048 FRK7399859412 FR23000047372
FR wrong stdnum: FR04409414264 FR21326565603 FRK7399859312 FRL7399859412
FR wrong altered: FR04409413464 FR09434016930
HR right stdnum: HR33392005961
HR right jsvat: HR06282943396 HR20649144807 HR46144176176 HR81592331325
HR right imprint: HR81793146560 HR27759560625
HR wrong stdnum: HR33392005962
HR wrong jsvat: HR93634429488
HR wrong altered: HR33392005691 HR06282903396 HR20641944807 HR46144196176
HU right stdnum: HU12509403 HU10672101 HU10766172 HU11444923 HU12892312 HU11377304
HU wrong altered: HU15209403 HU10672701 HU10676172 HU11444723 HU18292312 HU11347304
IE right stdnum: IE4550159S IE6388047V IE6433435F IE9679477V IE6433435IH IE6433435OA IE8D79739I IE9Y71814N
IE wrong stdnum: IE4731823H IE6323421C IE5339273F IE8D79729I
IE wrong altered: IE4505159S IE6318047V
IT right stdnum: IT01404480202 IT00118439991 IT00595000217 IT02829410980 IT00743110157 IT02087050155
IT wrong altered: IT10404480202 IT00118439941 IT00595000127 IT02829410988 IT00473110157 IT02087250155
LT right stdnum: LT100001354118 LT100001919017 LT119511515 LT235449811 LT100004801610 LT290068995116
LT wrong altered: LT100001534118 LT100008919017 LT115911515 LT235479811 LT100004801160 LT290068985116
LU right stdnum: LU10059929 LU11082217 LU15027442 LU19184853 LU20981643 LU24870640
LU right imprint: LU20260743 LU19647148
LU wrong altered: LU10509929 LU11182217 LU10527442 LU19183853 LU02981643 LU24873640
LV right stdnum: LV40003521600 LV40003189718 LV40103157009 LV44103040262 LV90000528023 LV42103016370
LV wrong stdnum: LV40003189715 LV90000528022 LV10103241337 LV42103048181
LV wrong altered: LV40005321600 LV40003189708
MT right stdnum: MT10396417 MT11679112 MT14658213 MT16134207 MT17025737 MT20630321
MT wrong altered: MT01396417 MT11671112 MT14568213 MT16134205 MT71025737 MT20635321
NL right stdnum: NL001241643B01 NL009122746B01 NL806753742B01 NL001162938B28 NL002455799B11 NL813411786B01 NL003376734B77
NL wrong altered: NL001246143B01 NL009722746B01 NL860753742B01 NL001132938B28 NL004255799B11 NL813471786B01
PL right stdnum: PL5211355116 PL5342152448 PL6772320831 PL7642305489 PL5261025421 PL6772135826
PL wrong altered: PL2511355116 PL5342152048 PL6772320381 PL7642605489 PL5261052421 PL6772131826
PT right stdnum: PT500019720 PT501964843 PT502448911 PT504141066 PT509250505 PT503038083
PT wrong altered: PT500019702 PT501664843 PT520448911 PT500141066 PT059250505 PT503038023
RO right stdnum: RO11358544 RO13837330 RO18547290 RO3087444 RO573768 RO16241790
RO wrong altered: RO11355844 RO13837333 RO18542790 RO3097444 RO573678 RO16240790
SE right stdnum: SE202100500001 SE556058115801 SE556126249301 SE556433592401 SE502053602401 SE556043606401
SE right imprint: SE556703748501
SE wrong altered: SE220100500001 SE556058125801 SE556126429301 SE556438592401 SE502503602401 SE556048606401
SI right stdnum: SI26808498 SI29664373 SI48673820 SI50223054 SI56951442 SI83815201
SI wrong altered: SI26880498 SI29664073 SI46873820 SI50223854 SI59651442 SI83815207
SK right stdnum: SK1078449064 SK2022749619 SK2020237945 SK2020257679 SK2021853504 SK2022193459
SK wrong stdnum: SK1078449164 SK3022749619 SK2030237945 SK2020457679
SK wrong altered: SK1074849064 SK2022749613
XI right stdnum: XI980780684 XI100190874 XI102675046 XI232177091 XI823531352 XI974053902
XI wrong stdnum: XI802311781 XI001234567
XI wrong altered: XI890780684 XI105190874 XI102657046 XI232977091
";

/// The 27 states of the EU by their VAT prefix, and Northern Ireland.
const PREFIXES: &str = "AT BE BG CY CZ DE DK EE EL ES FI FR HR HU IE IT LT LU LV MT NL PL PT RO \
                        SE SI SK XI";

/// Prefix, whether the ids are right, their origin, the ids.
fn rows() -> impl Iterator<Item = (&'static str, bool, &'static str, Vec<&'static str>)> {
    IDS.lines().filter(|line| !line.is_empty()).map(|line| {
        let (head, ids) = line.split_once(": ").unwrap();
        let mut head = head.split(' ');
        let (prefix, verdict) = (head.next().unwrap(), head.next().unwrap());
        assert!(["right", "wrong"].contains(&verdict));
        let origin = head.next().unwrap();
        (prefix, verdict == "right", origin, ids.split(' ').collect())
    })
}

#[test]
fn there_are_five_right_and_five_wrong_ones_of_each_state() {
    for prefix in PREFIXES.split(' ') {
        for verdict in [true, false] {
            let mut ids: Vec<&str> = rows()
                .filter(|row| row.0 == prefix && row.1 == verdict)
                // What proves that right ones pass must not be made up by us.
                .filter(|row| !verdict || row.2 != "altered")
                .flat_map(|row| row.3)
                .collect();
            assert!(ids.iter().all(|id| id.starts_with(prefix)), "{prefix}");
            ids.sort_unstable();
            ids.dedup();
            assert!(ids.len() >= 5, "{prefix} {verdict}");
        }
    }
    assert!(rows().all(|row| PREFIXES.contains(row.0)));
}

#[test]
fn published_numbers_are_judged_as_they_are() {
    let mut misjudged = Vec::new();
    for (_, expected, origin, ids) in rows() {
        let is_right = |id: &str| check(id).is_ok() && has_right_check_digits(id);
        let wrong = ids.into_iter().filter(|id| is_right(id) != expected);
        misjudged.extend(wrong.map(|id| format!("{id} ({origin}) is not {expected}")));
    }
    assert!(misjudged.is_empty(), "{misjudged:#?}");
}
