//! The check digits of VAT ids.
//!
//! Most states compute one digit (or letter) from the others, so that a typing error shows. The
//! rules are those of the states' tax authorities, as the European Commission gathered them for
//! its "VIES VAT number algorithms" and as they are known from public descriptions; the tests
//! compare them with ids that companies publish. Where a state has no rule for a kind of number
//! (Czech birth numbers of nine digits, new Latvian personal codes, British departments), every
//! number of the right form passes: a right id must never be refused.

/// Whether the check digits behind `prefix` are right. `rest` has the form of the country's ids.
pub(super) fn are_right(prefix: &str, rest: &str) -> bool {
    let Some(digits) = Digits::of(rest) else {
        return match prefix {
            "AT" => rest.get(1..).and_then(Digits::of).is_none_or(austria),
            "CY" => cyprus(rest),
            "ES" => spain(rest),
            "FR" => france_with_letters(rest),
            "GB" | "XI" => true,
            "IE" => ireland(rest),
            "NL" => netherlands(rest),
            _ => true,
        };
    };
    match prefix {
        "BE" => belgium(digits),
        "BG" => bulgaria(digits),
        "CH" => switzerland(digits),
        "CZ" => czechia(digits),
        "DE" | "HR" => mod_11_10(digits),
        "DK" => digits.weighed(&[2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11),
        "EE" => digits
            .weighed(&[3, 7, 1, 3, 7, 1, 3, 7, 1])
            .is_multiple_of(10),
        "EL" => digits.weighed(&[256, 128, 64, 32, 16, 8, 4, 2]) % 11 % 10 == digits.last(),
        "FI" => digits
            .weighed(&[7, 9, 10, 5, 8, 4, 2, 1])
            .is_multiple_of(11),
        "FR" => france(digits),
        "GB" | "XI" => britain(digits),
        "HU" => digits.weighed(&[9, 7, 3, 1, 9, 7, 3, 1]).is_multiple_of(10),
        "IT" => luhn(digits.0),
        "LT" => lithuania(digits),
        "LU" => digits.number(0..6) % 89 == digits.number(6..8),
        "LV" => latvia(digits),
        "MT" => digits
            .weighed(&[3, 4, 6, 7, 8, 9, 10, 1])
            .is_multiple_of(37),
        "PL" => digits.weighed(&[6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11 == digits.last(),
        "PT" => complement_11(digits.weighed(&[9, 8, 7, 6, 5, 4, 3, 2])) % 10 == digits.last(),
        "RO" => romania(digits),
        "SE" => digits.0.get(..10).is_none_or(luhn),
        "SI" => slovenia(digits),
        "SK" => slovakia(digits),
        _ => true,
    }
}

/// A text of nothing but ASCII digits.
#[derive(Clone, Copy)]
struct Digits<'a>(&'a [u8]);

impl<'a> Digits<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let bytes = text.as_bytes();
        bytes.iter().all(u8::is_ascii_digit).then_some(Self(bytes))
    }

    fn values(self) -> impl Iterator<Item = u32> + 'a {
        self.0.iter().map(|byte| u32::from(byte - b'0'))
    }

    /// The digit at an index, 0 beyond the end.
    fn at(self, index: usize) -> u32 {
        self.values().nth(index).unwrap_or(0)
    }

    fn last(self) -> u32 {
        self.values().last().unwrap_or(0)
    }

    fn len(self) -> usize {
        self.0.len()
    }

    /// The sum of the first digits, each multiplied by the weight of its place.
    fn weighed(self, weights: &[u32]) -> u32 {
        self.values()
            .zip(weights)
            .map(|(digit, weight)| digit * weight)
            .sum()
    }

    /// The number that some of the digits are.
    fn number(self, places: std::ops::Range<usize>) -> u64 {
        let count = places.end.saturating_sub(places.start);
        self.values()
            .skip(places.start)
            .take(count)
            .fold(0, |number, digit| number * 10 + u64::from(digit))
    }

    /// Without the first digits.
    fn from(self, index: usize) -> Self {
        Self(self.0.get(index..).unwrap_or_default())
    }
}

/// What a sum lacks to the next multiple of 11: 0 to 10.
fn complement_11(sum: u32) -> u32 {
    (11 - sum % 11) % 11
}

/// The Luhn algorithm over all digits, the last of which is the check digit.
fn luhn(digits: &[u8]) -> bool {
    luhn_sum(digits.iter().rev().map(|byte| u32::from(byte - b'0'))).is_multiple_of(10)
}

/// The sum of the digits of a digit's double.
fn doubled(digit: u32) -> u32 {
    digit * 2 / 10 + digit * 2 % 10
}

/// Digits from the right; every second one is doubled.
fn luhn_sum(from_the_right: impl Iterator<Item = u32>) -> u32 {
    from_the_right
        .enumerate()
        .map(|(place, digit)| match place % 2 {
            0 => digit,
            _ => doubled(digit),
        })
        .sum()
}

/// ISO/IEC 7064, MOD 11,10.
fn mod_11_10(digits: Digits<'_>) -> bool {
    let product = digits
        .values()
        .take(digits.len() - 1)
        .fold(10, |product, digit| {
            let sum = match (product + digit) % 10 {
                0 => 10,
                sum => sum,
            };
            sum * 2 % 11
        });
    (11 - product) % 10 == digits.last()
}

/// Eight digits behind the U; 4 is added to the sum of Luhn's kind.
fn austria(digits: Digits<'_>) -> bool {
    let sum: u32 = digits
        .values()
        .take(7)
        .enumerate()
        .map(|(place, digit)| match place % 2 {
            0 => digit,
            _ => doubled(digit),
        })
        .sum();
    (10 - (sum + 4) % 10) % 10 == digits.last()
}

fn belgium(digits: Digits<'_>) -> bool {
    97 - digits.number(0..8) % 97 == digits.number(8..10)
}

/// Companies have nine digits; people, foreigners and others ten, each with a rule of its own.
fn bulgaria(digits: Digits<'_>) -> bool {
    let last = digits.last();
    if digits.len() == 9 {
        let check = match digits.weighed(&[1, 2, 3, 4, 5, 6, 7, 8]) % 11 {
            10 => digits.weighed(&[3, 4, 5, 6, 7, 8, 9, 10]) % 11 % 10,
            check => check,
        };
        return check == last;
    }
    // The months of those born before 1900 have 20 more, of those since 2000 40 more.
    let is_date = matches!(digits.number(2..4), 1..=12 | 21..=32 | 41..=52)
        && matches!(digits.number(4..6), 1..=31);
    let person = digits.weighed(&[2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11 % 10;
    if is_date && person == last {
        return true;
    }
    let foreigner = digits.weighed(&[21, 19, 17, 13, 11, 9, 7, 3, 1]) % 10;
    // A complement of 10 is given to nobody; it equals no digit.
    let other = complement_11(digits.weighed(&[4, 3, 2, 7, 6, 5, 4, 3, 2]));
    [foreigner, other].contains(&last)
}

/// Eight digits and a letter: digits in odd places stand for numbers of a table.
fn cyprus(rest: &str) -> bool {
    const ODD: [u32; 10] = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21];
    let (Some(digits), Some(letter)) = (rest.get(..8).and_then(Digits::of), rest.bytes().last())
    else {
        return true;
    };
    let sum: u32 = digits
        .values()
        .enumerate()
        .map(|(place, digit)| match place % 2 {
            0 => ODD.get(digit as usize).copied().unwrap_or_default(),
            _ => digit,
        })
        .sum();
    u32::from(letter) == u32::from(b'A') + sum % 26
}

/// Companies have eight digits, people nine or ten: their birth numbers.
fn czechia(digits: Digits<'_>) -> bool {
    let last = digits.last();
    match digits.len() {
        8 => {
            let check = match complement_11(digits.weighed(&[8, 7, 6, 5, 4, 3, 2])) {
                0 => 1,
                check => check % 10,
            };
            check == last
        }
        // Special numbers begin with 6.
        9 if digits.at(0) == 6 => {
            let sum = digits.from(1).weighed(&[8, 7, 6, 5, 4, 3, 2]) % 11;
            let check = (8 + 10 - (21 - sum) % 11) % 10;
            check == last
        }
        // Birth numbers have had a check digit, the tenth, since 1954.
        9 => digits.number(0..2) <= 53 && is_month(digits.number(2..4)),
        _ => {
            // Until 1985 a remainder of 10 was written as 0.
            let remainder = digits.number(0..9) % 11;
            remainder % 10 == u64::from(last)
        }
    }
}

/// The month in a Czech or Slovak birth number: women have 50 more, and both may have 20 more.
fn is_month(number: u64) -> bool {
    matches!(number, 1..=12 | 21..=32 | 51..=62 | 71..=82)
}

/// Personal numbers (DNI, NIE and the letters K, L, M) end with a letter, companies' (CIF) with a
/// digit or a letter; which kind of company has which is told differently, so both are taken.
fn spain(rest: &str) -> bool {
    let bytes = rest.as_bytes();
    let (Some(first), Some(last)) = (bytes.first().copied(), bytes.last().copied()) else {
        return true;
    };
    let middle = rest.get(1..8).and_then(Digits::of);
    let Some(middle) = middle else {
        return true;
    };
    let number = middle.number(0..7);
    let personal = |leading: u64| dni_letter(leading * 10_000_000 + number) == Some(last);
    match first {
        b'0'..=b'9' => personal(u64::from(first - b'0')),
        b'X' | b'K' | b'L' | b'M' => personal(0),
        b'Y' => personal(1),
        b'Z' => personal(2),
        _ => {
            let sum = luhn_sum(
                [0].into_iter()
                    .chain(middle.0.iter().rev().map(|byte| u32::from(byte - b'0'))),
            );
            let check = (10 - sum % 10) % 10;
            let letter = b"JABCDEFGHI".get(check as usize).copied();
            let digit = u32::from(last) == u32::from(b'0') + check;
            digit || letter == Some(last)
        }
    }
}

fn dni_letter(number: u64) -> Option<u8> {
    let index = usize::try_from(number % 23).ok()?;
    b"TRWAGMYFPDXBNJZSQVHLCKE".get(index).copied()
}

/// Two digits of key before the SIREN, which has a Luhn digit itself; numbers of Monaco begin
/// with 000 and have none.
fn france(digits: Digits<'_>) -> bool {
    let siren = digits.from(2);
    let key = (12 + 3 * (siren.number(0..9) % 97)) % 97;
    key == digits.number(0..2) && is_siren(siren)
}

/// The newer keys have a letter, and a rule of their own.
fn france_with_letters(rest: &str) -> bool {
    const LETTERS: &[u8] = b"0123456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    let value = |byte: u8| {
        let place = LETTERS.iter().position(|letter| *letter == byte);
        place.and_then(|place| u64::try_from(place).ok())
    };
    let (Some(siren), [first, second, ..]) = (rest.get(2..).and_then(Digits::of), rest.as_bytes())
    else {
        return true;
    };
    let (Some(one), Some(two)) = (value(*first), value(*second)) else {
        return false;
    };
    let sum = if first.is_ascii_digit() {
        one * 24 + two - 10
    } else {
        one * 34 + two - 100
    };
    (siren.number(0..9) + 1 + sum / 11) % 11 == sum % 11 && is_siren(siren)
}

fn is_siren(siren: Digits<'_>) -> bool {
    siren.number(0..3) == 0 || luhn(siren.0)
}

/// Nine digits, or twelve with a branch behind them. Numbers since 2010 have 55 more or less,
/// as the ranges of the old ones were used up.
fn britain(digits: Digits<'_>) -> bool {
    let remainder = digits.weighed(&[8, 7, 6, 5, 4, 3, 2, 10, 1]) % 97;
    matches!(remainder, 0 | 42 | 55)
}

/// Seven digits and a letter, perhaps one more letter that counts nine times. The oldest kind
/// has a letter or sign in the second place, and its first digit counts last.
fn ireland(rest: &str) -> bool {
    let (Some(head), Some(check)) = (rest.get(..7), rest.as_bytes().get(7)) else {
        return true;
    };
    const WEIGHTS: [u32; 7] = [8, 7, 6, 5, 4, 3, 2];
    let sum = if let Some(digits) = Digits::of(head) {
        let extra = match rest.as_bytes().get(8) {
            Some(b'W') | None => 0,
            Some(letter) => u32::from(letter - b'A') + 1,
        };
        digits.weighed(&WEIGHTS) + 9 * extra
    } else {
        let (Some(middle), Some(first)) = (
            head.get(2..).and_then(Digits::of),
            head.get(..1).and_then(Digits::of),
        ) else {
            return true;
        };
        middle.weighed(&[7, 6, 5, 4, 3]) + first.at(0) * 2
    };
    b"WABCDEFGHIJKLMNOPQRSTUV".get((sum % 23) as usize) == Some(check)
}

/// Nine digits, or twelve for those that are registered for a time.
fn lithuania(digits: Digits<'_>) -> bool {
    let count = digits.len() - 1;
    let sum = |start: u32| -> u32 {
        digits
            .values()
            .take(count)
            .zip((start..=9).chain((1..=9).cycle()))
            .map(|(digit, weight)| digit * weight)
            .sum()
    };
    let check = match sum(1) % 11 {
        10 => sum(3) % 11 % 10,
        check => check,
    };
    check == digits.last()
}

/// Companies begin with 4 to 9; people have their personal code, the newer of which begins
/// with 32 and has no check digit.
fn latvia(digits: Digits<'_>) -> bool {
    if digits.at(0) > 3 {
        return digits.weighed(&[9, 1, 4, 8, 3, 10, 2, 5, 7, 6, 1]) % 11 == 3;
    }
    if digits.number(0..2) == 32 {
        return true;
    }
    let sum = digits.weighed(&[10, 5, 8, 4, 2, 1, 6, 3, 7, 9]);
    (1 + sum) % 11 % 10 == digits.last()
}

/// Nine digits, B and two more. Companies have the check digit of the tax number, people since
/// 2020 a remainder of 97 over the whole id, its letters counted as 10 and more.
fn netherlands(rest: &str) -> bool {
    let Some(number) = rest.get(..9).and_then(Digits::of) else {
        return true;
    };
    let sum = number.weighed(&[9, 8, 7, 6, 5, 4, 3, 2]);
    if sum % 11 == number.last() {
        return true;
    }
    let remainder = b"NL"
        .iter()
        .chain(rest.as_bytes())
        .fold(0_u32, |remainder, byte| {
            if byte.is_ascii_digit() {
                (remainder * 10 + u32::from(byte - b'0')) % 97
            } else {
                (remainder * 100 + u32::from(byte.saturating_sub(b'A')) + 10) % 97
            }
        });
    remainder == 1
}

/// Two to ten digits; weights belong to places counted from the right.
fn romania(digits: Digits<'_>) -> bool {
    const WEIGHTS: [u32; 9] = [2, 3, 5, 7, 1, 2, 3, 5, 7];
    let sum: u32 = digits
        .0
        .iter()
        .rev()
        .skip(1)
        .map(|byte| u32::from(byte - b'0'))
        .zip(WEIGHTS)
        .map(|(digit, weight)| digit * weight)
        .sum();
    sum * 10 % 11 % 10 == digits.last()
}

fn slovenia(digits: Digits<'_>) -> bool {
    // A remainder of 0, which would ask for 11, is given to nobody.
    match 11 - digits.weighed(&[8, 7, 6, 5, 4, 3, 2]) % 11 {
        10 => digits.last() == 0,
        check => check == digits.last(),
    }
}

/// A multiple of 11; or the birth number of a person, where a remainder of 10 became 0.
fn slovakia(digits: Digits<'_>) -> bool {
    let folded = digits.number(0..9) % 11 == 10 && digits.last() == 0;
    digits.number(0..10).is_multiple_of(11) || (folded && is_month(digits.number(2..4)))
}

fn switzerland(digits: Digits<'_>) -> bool {
    // A complement of 10 is given to nobody; it equals no digit.
    complement_11(digits.weighed(&[5, 4, 3, 2, 7, 6, 5, 4])) == digits.last()
}

#[cfg(test)]
mod tests {
    use super::super::{check, has_right_check_digits};

    /// Ids that companies publish. All but two rows: `tests/test_eu_vat.doctest` and
    /// `test_gb_vat.doctest` of python-stdnum, which were collected from the web. Croatia: the
    /// companies' register (INA, Podravka, Hrvatski Telekom, Končar, HEP and others).
    /// Switzerland: the UID register of the Federal Statistical Office. Northern Ireland's ids
    /// are British numbers with another prefix.
    const PUBLISHED: &str = "
        AT: ATU14243102 ATU15159209 ATU28560205 ATU34172105 ATU40698107 ATU46276408 ATU49362201
        BE: BE0468561072 BE0202239951 BE0220764971 BE0248015142 BE0402918402 BE0407139583 BE0408299922
        BG: BG103873594 BG200182590 BG7111042925 BG8032056031 BG124551319 BG130358310 BG131272009
        CH: CHE105909036 CHE101602521 CHE103867266 CHE101329561 CHE105829940 CHE100155212 CHE116281710
        CY: CY10246672X CY00632993F CY10263870R CY10274231F CY10285193Z CY10277198H CY10008489A
        CZ: CZ25123891 CZ60727772 CZ6402294448 CZ640903926 CZ7360285163 CZ8058012314 CZ00023205 CZ45033145
        DE: DE113866163 DE231969187 DE811363057 DE265265318 DE267297673 DE118619592 DE125014955
        DK: DK10503280 DK25186311 DK30060946 DK65070413 DK90301659 DK11975658 DK12144822
        EE: EE100931558 EE100523487 EE100572933 EE100578209 EE100594102 EE100594403 EE100832107
        ES: ESQ0818001J ES54362315K ESA28184661 ESB58378431 ESF13005293 ESJ99216582 ESR9600075G ESU99216426
        FI: FI02459042 FI10320534 FI20194885 FI09826511 FI18949388 FI20774740 FI20946063
        FR: FR04409414364 FR09434086930 FR11424872836 FR13393892815 FR16304187701 FR18349685099 FR19552008443 FR20329450738
        GB: GB002425728 GB100195075 GB232177091 GB242338087388 GB311405025 GB417228071 GB507576825 GB605867815
        GR: EL039868210 EL998386804 EL800179925 EL044824428 EL072130053 EL082499478 EL094012834
        HR: HR33392005961 HR81793146560 HR27759560625 HR18928523252 HR45050126417 HR62226620908 HR92963223473 HR02535697732
        HU: HU12509403 HU23157653 HU64241281 HU10672101 HU10766172 HU11444923 HU12723650
        IE: IE0005306C IE4550159S IE6323420C IE8223200U IE9502346O IE6433435IH IE8D79739I IE9Y71814N
        IT: IT01404480202 IT12920760159 IT00618280499 IT00595000217 IT00118439991 IT00193180932 IT00520800319
        LT: LT100001354118 LT119511515 LT235449811 LT354991917 LT616414610 LT757118413 LT290068995116
        LU: LU10059929 LU20981643 LU10590281 LU10967628 LU11082217 LU13178262 LU15027442
        LV: LV40003521600 LV50003993021 LV90000528023 LV40003189718 LV40003282138 LV40003449366 LV40003655379
        MT: MT10396417 MT20291423 MT11679112 MT14658213 MT16134207 MT17025737 MT18740407
        NL: NL001241643B01 NL806753742B01 NL117621729B01 NL009122746B01 NL820605876B01 NL822569759B01 NL812421267B01
        PL: PL5211355116 PL6330005110 PL7010098470 PL8393173893 PL9241826918 PL5211754253 PL5220205853
        PT: PT500019720 PT500135495 PT501507930 PT501519246 PT501964843 PT502448911 PT502971142
        RO: RO11358544 RO1822964 RO20950021 RO2413020 RO3087444 RO4003786 RO573768 RO6010151
        SE: SE202100500001 SE390806051401 SE556200077701 SE720522241201 SE556759324801 SE556383740901 SE556058115801
        SI: SI26808498 SI36097152 SI48673820 SI50223054 SI68297530 SI70310815 SI85390518 SI92351069
        SK: SK1078449064 SK2022749619 SK2020237945 SK2020257679 SK2021685820 SK2021853504 SK2021998528
        GB: XI232177091 XI242338087388 XI311405025 XI417228071 XI362586629 XI436063072 XI432525179
    ";

    fn published() -> impl Iterator<Item = (&'static str, Vec<&'static str>)> {
        let rows = PUBLISHED
            .lines()
            .map(str::trim)
            .filter(|row| !row.is_empty());
        rows.map(|row| {
            let (country, ids) = row.split_once(": ").unwrap();
            (country, ids.split(' ').collect())
        })
    }

    #[test]
    fn published_ids_are_right() {
        let mut countries = 0;
        for (country, ids) in published() {
            assert!(ids.len() >= 5, "{country}");
            for id in ids {
                assert_eq!(check(id), Ok(country), "{id}");
                assert!(has_right_check_digits(id), "{id}");
            }
            countries += 1;
        }
        assert_eq!(countries, 30);
    }

    /// Ids whose check digit was changed, listed as such in the same collection.
    #[test]
    fn mangled_ids_are_wrong() {
        const MANGLED: &str = "
            ATU14343102 ATU15169209 ATU46080904 ATU61191628
            BE0406139583 BE0793013186 BE0456973432 BE0697449982
            BG1037735942 BG131172009 BG147147471 BG200940556
            CY10246672F CY10009489A CY10257074Y CY00632893F
            CZ25557481 CZ48207726 CZ8058018314
            DE125014855 DE246495415 DE813913875 DE266297673
            DK11965658 DK25652202 DK27996592 DK10159817
            EE100941558 EE100525487 EE101586639 EE101256754
            ES54362415K ESK2814015F ESX2322300W ESA48951310
            EL094013834 EL094068733 EL094501140 EL094269805
            FR04409414264 FR21326565603 FRK7399859312 FRL7399859412
            IE4731823H IE6323421C IE5339273F IE8D79729I
            LV40003189715 LV90000528022 LV42103048181
            SK1078449164 SK2020457679
        ";
        for id in MANGLED.split_whitespace() {
            assert!(check(id).is_ok(), "{id}");
            assert!(!has_right_check_digits(id), "{id}");
        }
    }

    /// What check digits are for: no digit can be mistyped unnoticed where a rule knows every
    /// single error.
    #[test]
    fn a_mistyped_digit_is_noticed() {
        // Rules that do not notice each one: a remainder of 10 is folded onto 0, several rules
        // are tried, or a part of the number has none.
        const NOT_EVERY: [&str; 13] = [
            "BG", "CH", "CY", "CZ", "ES", "FR", "GR", "IE", "LT", "LV", "NL", "RO", "GB",
        ];
        for (country, ids) in published() {
            let (mut wrong, mut noticed) = (0, 0);
            for id in ids {
                for at in 2..id.len() {
                    let Some(digit) = id.as_bytes()[at].checked_sub(b'0').filter(|d| *d < 10)
                    else {
                        continue;
                    };
                    let mut typed = id.as_bytes().to_vec();
                    typed[at] = b'0' + (digit + 1) % 10;
                    let typed = String::from_utf8(typed).unwrap();
                    if check(&typed).is_ok() {
                        wrong += 1;
                        noticed += u32::from(!has_right_check_digits(&typed));
                    }
                }
            }
            let least = if NOT_EVERY.contains(&country) { 70 } else { 80 };
            assert!(wrong > 20, "{country}: {wrong}");
            assert!(
                noticed * 100 >= wrong * least,
                "{country}: {noticed} of {wrong}"
            );
        }
    }
}
