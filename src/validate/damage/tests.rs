use super::*;

fn shown(found: Option<Recognised>) -> String {
    match found {
        None => String::new(),
        Some(found) => match found.mark {
            None => found.damage.as_str().to_owned(),
            Some((name, value)) => format!("{} {name}={value}", found.damage.as_str()),
        },
    }
}

#[track_caller]
fn of(code: Code, value: &str, expected: &str) {
    let error = FieldError::new(code, "").of_value(value);
    assert_eq!(shown(of_error(&error)), expected, "{code} {value}");
}

#[test]
fn damaged_texts_are_named() {
    for (text, expected) in [
        ("NULL", "no_value word=NULL"),
        ("null", "no_value word=null"),
        ("-", "no_value word=-"),
        ("n/a", "no_value word=n/a"),
        ("k.A.", "no_value word=k.A."),
        ("#NV", "no_value word=#NV"),
        ("keine Angabe", "no_value word=keine Angabe"),
        ("#REF!", "sheet_error"),
        ("#WERT!", "sheet_error"),
        ("########", "sheet_error"),
        ("=\"ACME\"", "guard word==\""),
        ("'01067", "guard word='"),
        ("'+49 30 1", "guard word='"),
        ("=A1+B1", "formula"),
        ("@SUM(1)", "formula"),
        ("+cmd|' /C calc'!A0", "formula"),
        ("1,23457E+11", "scientific"),
        ("4.9E11", "scientific"),
        ("M&uuml;ller", "html word=&uuml;"),
        ("R&D &amp; Co", "html word=&amp;"),
        ("M&#252;ller", "html"),
        ("M&#xFC;ller", "html"),
        ("Mül\u{200b}ler", "invisible word=\\u200b"),
        ("Donau\u{ad}dampf", "invisible word=\\u00ad"),
    ] {
        assert_eq!(shown(of_text(text, &look(text))), expected, "{text}");
    }
}

proptest::proptest! {
    /// The short cut lets nothing pass that has a damage.
    #[test]
    fn what_has_surely_none_has_none(
        word in proptest::sample::select([&NO_VALUE[..], &SHEET_ERRORS].concat()),
        text in "[+=@'0-9-]?[0-9a-zA-Z.,]{0,3}[(|+]?[E0-9]{0,3}|\\PC{0,6}",
    ) {
        for text in [word, &text] {
            let looks = look(text);
            if is_surely_none(text) && !looks.ampersand && !looks.invisible {
                proptest::prop_assert_eq!(of_text(text, &looks), None, "{}", text);
            }
        }
    }
}

#[test]
fn good_texts_are_left_alone() {
    for text in [
        "",
        "Null",
        "Nan",
        "None",
        "NA",
        "'t Hooft",
        "+49(0)731 1234",
        "+49(731)1234",
        "'s-Gravenhage",
        "+Plus GmbH",
        "@home GmbH",
        "-Bitte klingeln-",
        "=",
        "4E1",
        "3E",
        "7e Avenue",
        "12e",
        "1E5",
        "K&M; Partner",
        "A&B",
        "Müller & Co.; Söhne",
        "O’Neill",
        "Firma\u{a0}GmbH",
        "می\u{200c}خواهم",
        "#1 Reisen",
        "#",
        "Mueller",
        "Groß",
        "C--",
        "A - B",
    ] {
        assert_eq!(shown(of_text(text, &look(text))), "", "{text}");
    }
}

#[test]
fn damaged_dates_are_named() {
    for (value, expected) in [
        ("0000-00-00", "no_date word=0000-00-00"),
        ("0000-00-00 00:00:00", "no_date word=0000-00-00 00:00:00"),
        ("00.00.0000", "no_date word=00.00.0000"),
        ("01.01.1900", "no_date word=01.01.1900"),
        ("30.12.1899", "no_date word=30.12.1899"),
        ("1753-01-01", "no_date word=1753-01-01"),
        ("0001-01-01T00:00:00Z", "no_date word=0001-01-01T00:00:00Z"),
        ("31412", "date_serial"),
        ("31412.5", "date_serial"),
        ("31.12.85", "short_year form=%d.%m.%y"),
        ("12/31/85", "short_year form=%m/%d/%y"),
        ("31.12.1985", "other_date form=%d.%m.%Y"),
        ("31.12.1985 13:30", "other_date form=%d.%m.%Y %H:%M"),
        ("1985-12-31", "other_date form=%Y-%m-%d"),
        ("1985-12-31T13:30:00", "other_date form=%Y-%m-%dT%H:%M:%S"),
        ("12/31/1985", "other_date form=%m/%d/%Y"),
        ("31/12/1985", "other_date form=%d/%m/%Y"),
        ("05/06/1985", "other_date"),
        ("19851231", "other_date form=%Y%m%d"),
        ("NULL", "no_value word=NULL"),
        ("31.02.1980", ""),
        ("irgendwann", ""),
        ("1985", ""),
        ("99999999", ""),
        ("1.2.3.4", ""),
        ("--", "no_value word=--"),
        ("::::", ""),
    ] {
        of(Code::TypeDate, value, expected);
    }
    let filler = FieldError::new(Code::TypeDate, "").with("reason", "no_date");
    let told = |value: &str| shown(of_error(&filler.clone().of_value(value)));
    assert_eq!(told("1.1.1900"), "no_date word=1.1.1900");
    assert_eq!(told("1900 geb. Muster"), "");
}

#[test]
fn damaged_numbers_are_named() {
    for (code, value, expected) in [
        (Code::TypeDecimal, "1,234.56", "decimal_point"),
        (Code::TypeDecimal, "2.50", "decimal_point"),
        (Code::TypeDecimal, "2,50", "decimal_comma"),
        (Code::TypeDecimal, "1.234,56", "decimal_comma"),
        (Code::TypeDecimal, "12,50 €", "unit word=€"),
        (Code::TypeDecimal, "5 %", "unit word=%"),
        (Code::TypeDecimal, "1 234,56", "thousands word= "),
        (Code::TypeDecimal, "1'234.56", "thousands word='"),
        (Code::TypeDecimal, "zwei", ""),
        (Code::TypeDecimal, "2;5", ""),
        (Code::TypeDecimal, "1.2.3", ""),
        (Code::TypeInteger, "2500,00", "zero_decimals word=,00"),
        (Code::TypeInteger, "14.0", "zero_decimals word=.0"),
        (Code::TypeInteger, "1.234", "thousands word=."),
        (Code::TypeInteger, "EUR 100", "unit word=EUR"),
        (Code::TypeInteger, "1E+3", "scientific"),
        (Code::TypeInteger, "unbegrenzt", ""),
        (Code::TypeInteger, "2,5", ""),
        (Code::PostalCodeCountry, "79098.0", "zero_decimals word=.0"),
        (Code::PostalCodeCountry, "=\"01067\"", "guard word==\""),
        (Code::PostalCodeCountry, "1067", ""),
        (Code::PhoneMalformed, "'+49 30 1234", "guard word='"),
        (Code::PhoneMalformed, "NULL", "no_value word=NULL"),
        (Code::EmailMalformed, "n/a", "no_value word=n/a"),
        (Code::LookupMissing, "H&auml;ndler", "html word=&auml;"),
        (Code::LookupMissing, "HÃ¤ndler", "mojibake"),
        (Code::EncodingSuspect, "MÃ¼ller", "mojibake"),
        (Code::EncodingSuspect, "M\u{fffd}ller", "lost_characters"),
        (Code::RequiredMissing, "NULL", ""),
        (Code::LengthMax, "NULL", ""),
    ] {
        of(code, value, expected);
    }
}

#[test]
fn the_words_are_as_long_and_begin_as_said() {
    for word in NO_VALUE.iter().chain(&SHEET_ERRORS) {
        assert!(word.len() <= LONGEST_WORD, "{word}");
        assert!(may_begin_a_word(word.as_bytes()[0]), "{word}");
    }
}
