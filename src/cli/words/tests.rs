use super::*;
use crate::outcome::english_words;

fn refusal<T: Word + std::fmt::Debug>(text: &str) -> String {
    let why = T::read(text).expect_err(text);
    assert_ne!(why.english, why.german, "{text}");
    // What was typed may be a word of either language.
    let english = english_words(&why.german);
    assert!(english.is_empty(), "{english:?}: {}", why.german);
    why.english
}

#[test]
fn durations_have_a_unit_and_an_end() {
    for (text, millis) in [
        ("500ms", 500),
        ("60s", 60_000),
        ("15m", 900_000),
        ("2h", 7_200_000),
        ("1h30m", 5_400_000),
        ("1h 30m", 5_400_000),
        ("1.5h", 5_400_000),
        ("3d", 259_200_000),
        ("0s", 0),
        (" 10s ", 10_000),
    ] {
        assert_eq!(
            Duration::read(text),
            Ok(Duration::from_millis(millis)),
            "{text}"
        );
    }
    for text in [
        "60",
        "",
        "s",
        "-5s",
        "abc",
        "10 monkeys",
        "99999999h",
        "500d",
        "1y",
    ] {
        refusal::<Duration>(text);
    }
    assert!(refusal::<Duration>("60").contains("no unit"));
    assert!(refusal::<TimeLimit>("0s").contains("no time at all"));
}

#[test]
fn rates_say_how_many_in_which_time() {
    for (text, requests, seconds) in [
        ("10/s", 10, 1),
        ("600/m", 600, 60),
        ("3600/h", 3600, 3600),
        ("10/45s", 10, 45),
        (" 5 / s ", 5, 1),
    ] {
        let rate = Rate::read(text).expect(text);
        assert_eq!(rate.requests.get(), requests, "{text}");
        assert_eq!(rate.per, Duration::from_secs(seconds), "{text}");
    }
    for text in [
        "10", "0/s", "/s", "10/", "10/x", "-1/s", "1.5/s", "999999/s", "10/0s",
    ] {
        refusal::<Rate>(text);
    }
    assert!(refusal::<Rate>("0/s").contains("never send"));
}

#[test]
fn thresholds_are_numbers_or_shares() {
    assert_eq!(Threshold::read("50"), Ok(Threshold::Count(50)));
    assert_eq!(Threshold::read("0"), Ok(Threshold::Count(0)));
    assert_eq!(Threshold::read("20%"), Ok(Threshold::Percent(20.0)));
    assert_eq!(Threshold::read("0.5 %"), Ok(Threshold::Percent(0.5)));
    for text in ["", "%", "101%", "-1", "-1%", "NaN%", "many", "1.5"] {
        refusal::<Threshold>(text);
    }
}

#[test]
fn counts_keep_their_bounds() {
    for text in ["1", "1024"] {
        Concurrency::read(text).expect(text);
    }
    for text in ["0", "1025", "10000", "-1", "eight", ""] {
        refusal::<Concurrency>(text);
    }
    for text in ["0", "101", "x"] {
        refusal::<Attempts>(text);
    }
    for text in ["0", "-3", "x", ""] {
        refusal::<Quantity>(text);
    }
}

#[test]
fn file_modes_are_octal_and_leave_the_owner_in() {
    for (text, mode) in [("0600", 0o600), ("640", 0o640), ("0o644", 0o644)] {
        assert_eq!(FileMode::read(text), Ok(FileMode(mode)), "{text}");
    }
    for text in ["0400", "0888", "rw", "01777", "", "+600", "0"] {
        refusal::<FileMode>(text);
    }
}

#[test]
fn delimiters_are_one_byte_or_a_word() {
    for (text, byte) in [
        (";", b';'),
        (",", b','),
        ("|", b'|'),
        ("tab", b'\t'),
        ("\\t", b'\t'),
        ("\t", b'\t'),
        ("semicolon", b';'),
    ] {
        assert_eq!(Delimiter::read(text), Ok(Delimiter(byte)), "{text}");
    }
    for text in ["", ";;", "a", "\"", "\n", "§"] {
        refusal::<Delimiter>(text);
    }
}

#[test]
fn encodings_get_their_standard_name() {
    for (text, name) in [
        ("windows-1252", "windows-1252"),
        ("Latin1", "windows-1252"),
        ("UTF8", "UTF-8"),
        ("utf-16le", "UTF-16LE"),
    ] {
        assert_eq!(
            Encoding::read(text),
            Ok(Encoding(name.to_owned())),
            "{text}"
        );
    }
    refusal::<Encoding>("ansi-something");
}

#[test]
fn headers_and_paths_carry_nothing_odd() {
    assert_eq!(HeaderText::read(" a b "), Ok(HeaderText("a b".to_owned())));
    for text in ["", "a\r\nb", "ä", "\u{7f}"] {
        refusal::<HeaderText>(text);
    }
    let path = CollectionPath::read("/v1/customers/").map(|path| path.0);
    assert_eq!(path, Ok("/v1/customers".to_owned()));
    for text in ["", "/", "customers", "/a?b", "/a b", "/a#b"] {
        refusal::<CollectionPath>(text);
    }
}

#[test]
fn a_mapping_is_a_file_or_a_ready_made_one() {
    assert_eq!(
        MappingChoice::read("builtin:jtl-shop5"),
        Ok(MappingChoice::Builtin("jtl-shop5".to_owned()))
    );
    assert_eq!(
        MappingChoice::read("a/b.toml"),
        Ok(MappingChoice::File(PathBuf::from("a/b.toml")))
    );
    refusal::<MappingChoice>("builtin:");
    refusal::<MappingChoice>("");
}

#[test]
fn refusals_are_told_in_german_too() {
    let german = [
        MappingChoice::read("builtin:").unwrap_err(),
        bool::read("maybe").unwrap_err(),
        u64::read("x").unwrap_err(),
        u8::read("x").unwrap_err(),
        Concurrency::read("0").unwrap_err(),
        Quantity::read("0").unwrap_err(),
        CustomerNumber::read(" ").unwrap_err(),
        CustomerNumber::read(&"x".repeat(31)).unwrap_err(),
        CustomerNumber::read("a\tb").unwrap_err(),
        Duration::read("60").unwrap_err(),
        Duration::read("soon").unwrap_err(),
        Duration::read("500d").unwrap_err(),
        TimeLimit::read("0s").unwrap_err(),
        Rate::read("10").unwrap_err(),
        Rate::read("0/s").unwrap_err(),
        Rate::read("999999/s").unwrap_err(),
        Threshold::read("many").unwrap_err(),
        Threshold::read("101%").unwrap_err(),
        FileMode::read("rw").unwrap_err(),
        FileMode::read("0400").unwrap_err(),
        Delimiter::read(";;").unwrap_err(),
        Encoding::read("ansi").unwrap_err(),
        HeaderText::read("ä").unwrap_err(),
        CollectionPath::read("customers").unwrap_err(),
        CollectionPath::read("/a?b").unwrap_err(),
        RecordSet::read("x").unwrap_err(),
        RecordSet::read("9-3").unwrap_err(),
        RecordSet::read(",").unwrap_err(),
    ]
    .map(|why| why.german);
    insta::assert_snapshot!(german.join("\n"));
}
