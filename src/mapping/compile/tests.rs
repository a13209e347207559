//! What each mistake of a mapping is called, and where it is shown.

use super::*;
use crate::outcome::{Language, ValuesShown};

/// The diagnostics of a mapping that has mistakes.
fn mistakes(text: &str) -> MappingError {
    match compile(&"m.toml".into(), &text.into(), Beside::default()) {
        Ok(_) => panic!("no mistake in {text}"),
        Err(error) => error,
    }
}

/// A mapping with everything that the API demands, and `more` of the customer's fields.
fn with(more: &str) -> String {
    format!(
        "[customer]\nCustomerGroupId = {{ value = 1 }}\nInternalCompanyId = {{ value = 1 }}\n\
         LanguageIso = {{ value = \"DE\" }}\n{more}\n\
         [customer.BillingAddress]\nCity = \"Ort\"\nCountryIso = {{ value = \"DE\" }}\n"
    )
}

#[test]
fn every_mistake_of_a_file_is_shown_at_once() {
    let text = "[source]\nformat = \"cvs\"\nencodng = \"latin1\"\nskip_lines = -1\n\
        [customer]\nCustomerGroupId = { value = \"1\" }\nLanguageIso = { value = \"DE\" }\n\
        [customer.BillingAddress]\nCity = \"Ort\"\nCountryIso = { default = \"Deutschland\" }\n\
        Zip = \"PLZ\"\n";
    insta::assert_snapshot!(mistakes(text).render(false, Language::English, ValuesShown::Full), @r#"
    error: `format` does not know "cvs"
     --> m.toml:2:10
      |
    2 | format = "cvs"
      |          ^^^^^
      |
      = help: did you mean `csv`?

    error: unknown key `encodng` in [source]
     --> m.toml:3:1
      |
    3 | encodng = "latin1"
      | ^^^^^^^
      |
      = help: did you mean `encoding`?

    error: `skip_lines` must be a whole number, 0 or more
     --> m.toml:4:14
      |
    4 | skip_lines = -1
      |              ^^ this is a whole number
      |
      = help: docs/mapping.md tells what each key takes, with examples

    error: the API demands InternalCompanyId, and nothing is mapped to it
     --> m.toml:5:1
      |
    5 | [customer]
      | ^^^^^^^^^^
      |
      = help: add InternalCompanyId = { value = 1 }, with the id of the own company in Wawi

    error: `value` of `CustomerGroupId` must be a whole number
     --> m.toml:6:29
      |
    6 | CustomerGroupId = { value = "1" }
      |                             ^^^ this is text
      |
      = help: write 1, without quotes

    error: `default` does not fit `BillingAddress.CountryIso`: the ISO code is wanted: "DE"
      --> m.toml:10:26
       |
    10 | CountryIso = { default = "Deutschland" }
       |                          ^^^^^^^^^^^^^
       |
       = help: docs/mapping.md tells what each key takes, with examples

    error: the API has no field `Zip` in BillingAddress
      --> m.toml:11:1
       |
    11 | Zip = "PLZ"
       | ^^^
       |
       = help: did you mean `PostalCode`?
    "#);
}

#[test]
fn toml_mistakes_come_first_and_alone() {
    insta::assert_snapshot!(mistakes("a = 1\n[customer\n").render(false, Language::English, ValuesShown::Full), @r#"
    error: unclosed table, expected `]`
     --> m.toml:2:10
      |
    2 | [customer
      |          ^
      |
      = help: a mapping is TOML: `key = "text"`, with sections in brackets; docs/mapping.md has examples
    "#);
}

/// Takes each case of a text apart: lines of a mapping, then `! title => help` for each mistake,
/// and the same in German behind `? `.
fn check(cases: &str, mapping: impl Fn(&str) -> String) {
    for case in cases.trim().split("\n\n") {
        let told = |mark: &str| -> Vec<&str> {
            let lines = case.lines();
            lines.filter_map(|line| line.strip_prefix(mark)).collect()
        };
        let is_given = |line: &&str| !line.starts_with("! ") && !line.starts_with("? ");
        let given: Vec<&str> = case.lines().filter(is_given).collect();
        let given = given.join("\n");
        let error = mistakes(&mapping(&given));
        assert_eq!(error.brief(), told("! "), "{given}");
        assert_eq!(error.brief_in(Language::German), told("? "), "{given}");
    }
}

#[test]
fn values() {
    check(VALUES, with);
}

#[test]
fn tables() {
    check(TABLES, |given| format!("{}{given}\n", with("")));
}

#[test]
fn conditions() {
    check(CONDITIONS, |given| {
        format!("keep_if = [ {given} ]\n{}", with(""))
    });
    let no_list = format!("keep_if = {{ column = \"a\" }}\n{}", with(""));
    assert_eq!(
        mistakes(&no_list).to_string(),
        "m.toml:1:11: `keep_if` must be a list of conditions"
    );
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "([a-zA-Z_\\[\\]{}=,.\"'0-9 äß\n-]|customer|value|lookup|Number){0,60}") {
        for text in [text.clone(), with(&text)] {
            if let Err(error) = compile(&"m".into(), &text.as_str().into(), Beside::default()) {
                let _ = error.render(true, Language::English, ValuesShown::Full);
                let _ = error.to_string();
            }
        }
    }
}

/// Mistakes of one field of the customer.
const VALUES: &str = r#"
Number = 1
! `Number` must be a column in quotes or a table => the same for all records: { value = 1 }; a column of an input without header: "1"
? `Number` muss eine Spalte in Anführungszeichen oder eine Tabelle sein => für alle Datensätze dasselbe: { value = 1 }; eine Spalte einer Eingabe ohne Kopfzeile: "1"

Number = ["a"]
! `Number` must be a column in quotes or a table => several columns: { first_of = ["A", "B"] } or { join = ["A", "B"] }
? `Number` muss eine Spalte in Anführungszeichen oder eine Tabelle sein => mehrere Spalten: { first_of = ["A", "B"] } oder { join = ["A", "B"] }

Number = { column = "a", value = "x" }
! `Number` has two sources: `column` and `value` => take one; `first_of` and `join` take several columns
? `Number` hat zwei Quellen: `column` und `value` => eine davon nehmen; mehrere Spalten nehmen `first_of` und `join`

Number = { }
! `Number` has no source => say where it comes from: `column`, `first_of`, `join`, `template`, `value`
? `Number` hat keine Quelle => sagen, woher er kommt: `column`, `first_of`, `join`, `template`, `value`

Number = { column = "a", with = " " }
! `with` without `join`
? `with` ohne `join`

Number = { first_of = [] }
! `first_of` names no column
? `first_of` nennt keine Spalte

Number = { column = "a", template = "x" }
! `Number` has two sources: `column` and `template` => take one; `first_of` and `join` take several columns
? `Number` hat zwei Quellen: `column` und `template` => eine davon nehmen; mehrere Spalten nehmen `first_of` und `join`

Number = { template = 1 }
! `template` must be text in quotes
? `template` muss Text in Anführungszeichen sein

Number = { column = "a", lookup_file = "x" }
! `lookup_file` needs a mapping that is a file => the file is looked for in the folder of the mapping
? `lookup_file` braucht eine Zuordnung, die eine Datei ist => die Datei wird im Ordner der Zuordnung gesucht

Number = { column = "a", lookup_file = 1 }
! `lookup_file` must be the name of a file in quotes => lookup_file = "groups.csv"
? `lookup_file` muss der Name einer Datei in Anführungszeichen sein => lookup_file = "groups.csv"

Number = { column = "a", lookup_file = { fil = "x" } }
! `lookup_file` names no `file`
? `lookup_file` nennt kein `file`
! unknown key `fil` in `lookup_file` => did you mean `file`?
? `lookup_file` kennt keinen Schlüssel `fil` => ist `file` gemeint?

Number = { column = "a", lookup = { a = "b" }, lookup_file = "x" }
! `lookup` and `lookup_file` for one value => take one: the other's pairs can be added to it
? `lookup` und `lookup_file` für einen Wert => eines davon nehmen: die Paare des anderen lassen sich dort ergänzen

Number = { colum = "a" }
! `Number` has no source => say where it comes from: `column`, `first_of`, `join`, `template`, `value`
? `Number` hat keine Quelle => sagen, woher er kommt: `column`, `first_of`, `join`, `template`, `value`
! unknown key `colum` in a value => did you mean `column`?
? ein Wert kennt keinen Schlüssel `colum` => ist `column` gemeint?

Number = { value = 1 }
! `value` of `Number` must be text => put it in quotes
? `value` von `Number` muss Text sein => in Anführungszeichen setzen

Number = { value = "" }
! `value` is empty => leave the key out
? `value` ist leer => den Schlüssel weglassen

CustomerCategoryId = { value = "1" }
! `value` of `CustomerCategoryId` must be a whole number => write 1, without quotes
? `value` von `CustomerCategoryId` muss eine ganze Zahl sein => 1 ohne Anführungszeichen schreiben

IsLocked = { value = "ja" }
! `value` of `IsLocked` must be true or false => write true, without quotes
? `value` von `IsLocked` muss true oder false sein => true ohne Anführungszeichen schreiben

IsLocked = { column = "a", lookup = { a = true, A = true, b = "off" } }
! `lookup` has this key already => keys are compared without case and outer blanks
? diesen Schlüssel hat `lookup` schon => Schlüssel werden ohne Groß- und Kleinschreibung und äußere Leerzeichen verglichen
! `lookup` of `IsLocked` must be true or false => write true or false, without quotes
? `lookup` von `IsLocked` muss true oder false sein => true oder false ohne Anführungszeichen schreiben

CustomerCategoryId = { column = "a", lookup = { a = 1 }, otherwise = "kep" }
! `otherwise` of `CustomerCategoryId` must be a whole number => did you mean `keep`?
? `otherwise` von `CustomerCategoryId` muss eine ganze Zahl sein => ist `keep` gemeint?

CustomerCategoryId = { column = "a", otherwise = "keep" }
! `otherwise` without `lookup`
? `otherwise` ohne `lookup`

CustomerCategoryId = { default = -1 }
! `default` does not fit `CustomerCategoryId`: it must lie between 0 and 2147483647
? `default` passt nicht zu `CustomerCategoryId`: der Wert muss zwischen 0 und 2147483647 liegen

Number = { column = "a", max = 31 }
! `Number` takes at most 30 characters => write max = 30
? `Number` nimmt höchstens 30 Zeichen => max = 30 schreiben

Number = { column = "a", cut = true }
! `cut` without `max` => say how long it may be, such as max = 30
? `cut` ohne `max` => sagen, wie lang er sein darf, etwa max = 30

Number = { column = "a", max = 0 }
! `max` must be a whole number, 1 or more
? `max` muss eine ganze Zahl von mindestens 1 sein

IsLocked = { column = "a", max = 3, as = "country", case = "upper", date = "%F", decimal = "," }
! `max` does not fit `IsLocked`, which is yes or no
? `max` passt nicht zu `IsLocked` (ja oder nein)
! `as = "country"` does not fit `IsLocked`, which is yes or no
? `as = "country"` passt nicht zu `IsLocked` (ja oder nein)
! `case` does not fit `IsLocked`, which is yes or no
? `case` passt nicht zu `IsLocked` (ja oder nein)
! `date` does not fit `IsLocked`, which is yes or no
? `date` passt nicht zu `IsLocked` (ja oder nein)
! `decimal` does not fit `IsLocked`, which is yes or no
? `decimal` passt nicht zu `IsLocked` (ja oder nein)

CustomerCategoryId = { column = "a", decimal = "," }
! `decimal` does not fit `CustomerCategoryId`, which is a whole number => extract = '^([\d.]+)', replace = { "." = "" } makes 1234 of 1.234,56
? `decimal` passt nicht zu `CustomerCategoryId` (eine ganze Zahl) => extract = '^([\d.]+)', replace = { "." = "" } macht 1234 aus 1.234,56

CustomerCategoryId = { column = "a", decimal = "." }
! `decimal` does not fit `CustomerCategoryId`, which is a whole number => extract = '^([\d,]+)', replace = { "," = "" } makes 1234 of 1,234.56
? `decimal` passt nicht zu `CustomerCategoryId` (eine ganze Zahl) => extract = '^([\d,]+)', replace = { "," = "" } macht 1234 aus 1,234.56

Number = { column = "a", as = "contry" }
! `as` does not know "contry" => did you mean `country`?
? `as` kennt "contry" nicht => ist `country` gemeint?

Number = { column = "a", as = "company" }
! `as = "company"` does not fit `Number` => it gives the id of a company, for `InternalCompanyId`
? `as = "company"` passt nicht zu `Number` => es ergibt die Id einer Firma, für `InternalCompanyId`

CustomerCategoryId = { column = "a", as = "customer_group" }
! `as = "customer_group"` does not fit `CustomerCategoryId` => it gives the id of a customer group, for `CustomerGroupId`
? `as = "customer_group"` passt nicht zu `CustomerCategoryId` => es ergibt die Id einer Kundengruppe, für `CustomerGroupId`

CustomerCategoryId = { column = "a", as = "customer_categori" }
! `as` does not know "customer_categori" => did you mean `customer_category`?
? `as` kennt "customer_categori" nicht => ist `customer_category` gemeint?

CustomerCategoryId = { value = "Stammkunde" }
! `value` of `CustomerCategoryId` must be a whole number => the name of a customer category needs as = "customer_category"
? `value` von `CustomerCategoryId` muss eine ganze Zahl sein => der Name einer Kundenkategorie braucht as = "customer_category"

CustomerCategoryId = { value = " ", as = "customer_category" }
! `value` is empty => leave the key out
? `value` ist leer => den Schlüssel weglassen

CustomerCategoryId = { column = "a", as = "customer_category", otherwise = true }
! `otherwise` of `CustomerCategoryId` must be a whole number
? `otherwise` von `CustomerCategoryId` muss eine ganze Zahl sein

Number = { column = "a", case = "Upper" }
! `case` does not know "Upper" => did you mean `upper`?
? `case` kennt "Upper" nicht => ist `upper` gemeint?

Number = { column = "a", extract = "abc" }
! `extract` has no group => put parentheses around the part that is wanted: '^([0-9]+)'
? `extract` hat keine Klammern => den gesuchten Teil einklammern: '^([0-9]+)'

Number = { column = "a", extract = "(" }
! `extract` is no regular expression: unclosed group => in single quotes a backslash needs no doubling: '^\d+'
? `extract` ist kein regulärer Ausdruck: eine Klammer ist nicht geschlossen => in einfachen Anführungszeichen braucht ein Backslash keine Verdopplung: '^\d+'

Number = { column = "a", extract = '(\p{Letters}+)' }
! `extract` is no regular expression: Unicode property not found => \p{L} (letters), \p{Lu} (capitals), \p{Greek} (a script) and their like are known
? `extract` ist kein regulärer Ausdruck: diese Eigenschaft von Unicode-Zeichen gibt es nicht => bekannt sind \p{L} (Buchstaben), \p{Lu} (Großbuchstaben), \p{Greek} (eine Schrift) und ihresgleichen

Number = { column = "a", extract = '(a)(?=b)' }
! `extract` is no regular expression: look-around, including look-ahead and look-behind, is not supported => look-around does not exist: put parentheses around the part that is wanted
? `extract` ist kein regulärer Ausdruck: Umschau (look-ahead, look-behind) gibt es nicht => Umschau (look-around) gibt es nicht: den gesuchten Teil einklammern

Number = { column = "a", replace = { "" = "x", a = 1 } }
! an empty text cannot be replaced
? ein leerer Text lässt sich nicht ersetzen
! a replacement must be text in quotes
? ein Ersatztext muss Text in Anführungszeichen sein

Birthday = { column = "a", date = "TT.MM.JJJJ" }
! `date` cannot read dates by "TT.MM.JJJJ": it does not tell day, month and year => 31.12.1985 is "%d.%m.%Y", 31.12.85 is "%d.%m.%y", 12/31/1985 is "%m/%d/%Y"
? `date` kann mit "TT.MM.JJJJ" kein Datum lesen: Tag, Monat und Jahr gehen nicht daraus hervor => 31.12.1985 ist "%d.%m.%Y", 31.12.85 ist "%d.%m.%y", 12/31/1985 ist "%m/%d/%Y"

Birthday = { default = "1900-01-01" }
! `default` does not fit `Birthday`: this day stands for "no date"
? `default` passt nicht zu `Birthday`: dieser Tag steht für "kein Datum"

Birthday = { default = 1500-01-01 }
! `default` does not fit `Birthday`: the year must lie between 1753 and 9999
? `default` passt nicht zu `Birthday`: das Jahr muss zwischen 1753 und 9999 liegen

Number = { default = "1234567890123456789012345678901" }
! `default` does not fit `Number`: it has 31 characters, at most 30 are allowed
? `default` passt nicht zu `Number`: der Text hat 31 Zeichen, erlaubt sind höchstens 30

Number = { column = "a", required = "yes" }
! `required` must be true or false
? `required` muss true oder false sein

Number = "_run"
! `_run` cannot be mapped => it is one of the columns that the report adds to failed.csv
? `_run` lässt sich nicht zuordnen => es ist eine der Spalten, die der Bericht in failed.csv hinzufügt

Number = " "
! a column needs a name
? eine Spalte braucht einen Namen

Email = "a"
! the API has no field `Email` in the customer => `EmailAddress` is a field of an address, such as [customer.BillingAddress]
? die API hat kein Feld `Email` beim Kunden => `EmailAddress` ist ein Feld von Adressen wie [customer.BillingAddress]

number = "a"
! the API has no field `number` in the customer => did you mean `Number`?
? die API hat kein Feld `number` beim Kunden => ist `Number` gemeint?

Discount = "a"
! the API has no field `Discount` in the customer => `Discount` is a field of [customer.PaymentSettings]
? die API hat kein Feld `Discount` beim Kunden => `Discount` ist ein Feld von [customer.PaymentSettings]

Foo = "a"
! the API has no field `Foo` in the customer => `importer mapping fields` lists the fields of the API
? die API hat kein Feld `Foo` beim Kunden => `importer mapping fields` zählt die Felder der API auf
"#;

/// Mistakes of the customer's objects and of the other tables.
const TABLES: &str = r#"
[customer.ShipmentAddress]
City = "a"
! the API has no field `ShipmentAddress` in the customer => did you mean `Shipmentaddress`?
? die API hat kein Feld `ShipmentAddress` beim Kunden => ist `Shipmentaddress` gemeint?

[customer.CustomAddress]
City = "a"
! the API demands CountryIso in CustomAddress, and nothing is mapped to it => add CountryIso = { column = "…", as = "country", default = "DE" }
? die API verlangt CountryIso in CustomAddress, aber dem Feld ist nichts zugeordnet => ergänzen: CountryIso = { column = "…", as = "country", default = "DE" }

[customer.CustomAddress]
unless_same_as = "Shipmentaddress"
City = "a"
CountryIso = { value = "DE" }
! CustomAddress cannot be compared with `Shipmentaddress` => did you mean `BillingAddress`?
? CustomAddress lässt sich nicht mit `Shipmentaddress` vergleichen => ist `BillingAddress` gemeint?

[customer.OtherAddresses.OtherShippingAddresses]
City = "a"
! `OtherShippingAddresses` must be a list of addresses => write [[customer.OtherAddresses.OtherShippingAddresses]], with double brackets
? `OtherShippingAddresses` muss eine Liste von Adressen sein => [[customer.OtherAddresses.OtherShippingAddresses]] mit doppelten Klammern schreiben

[[customer.OtherAddresses.ShippingAddresses]]
City = "a"
! unknown list `ShippingAddresses` in OtherAddresses => did you mean `OtherShippingAddresses`?
? die Liste `ShippingAddresses` gibt es in OtherAddresses nicht => ist `OtherShippingAddresses` gemeint?

[[customer.OtherAddresses.OtherShippingAddresses]]
City = "a"
CountryIso = { value = "DE" }
[[customer.OtherAddresses.OtherShippingAddresses]]
City = "a"
! the API demands CountryIso in OtherAddresses.OtherShippingAddresses[1], and nothing is mapped to it => add CountryIso = { column = "…", as = "country", default = "DE" }
? die API verlangt CountryIso in OtherAddresses.OtherShippingAddresses[1], aber dem Feld ist nichts zugeordnet => ergänzen: CountryIso = { column = "…", as = "country", default = "DE" }

[customer.PaymentSettings]
when = "a"
! the API has no field `when` in PaymentSettings => `importer mapping fields` lists the fields of the API
? die API hat kein Feld `when` in PaymentSettings => `importer mapping fields` zählt die Felder der API auf

[rules]
"email.malformd" = "off"
! [rules] does not know the code `email.malformd` => did you mean `email.malformed`?
? [rules] kennt den Code `email.malformd` nicht => ist `email.malformed` gemeint?

[rules]
"required.missing" = "off"
! `required.missing` is always an error => it is what the API itself demands, or what cannot be read at all
? `required.missing` ist immer ein Fehler => die API selbst verlangt es, oder es ist gar nicht zu lesen

[rules]
vat_id.checksum = "warn"
! [rules] does not know the code `vat_id` => put the code in quotes: "vat_id.checksum"
? [rules] kennt den Code `vat_id` nicht => den Code in Anführungszeichen setzen: "vat_id.checksum"

[rules]
"vat_id.format" = "ignore"
! `vat_id.format` does not know "ignore" => `vat_id.format` is one of `error`, `warn`, `off`
? `vat_id.format` kennt "ignore" nicht => `vat_id.format` ist eines von `error`, `warn`, `off`

[rules]
"vat_id.format" = 1
! `vat_id.format` must be "error", "warn" or "off"
? `vat_id.format` muss "error", "warn" oder "off" sein

[identity]
key = "number"
! `key` names no field of the API: "number" => did you mean `Number`?
? `key` nennt kein Feld der API: "number" => ist `Number` gemeint?

[identity]
key = "Number"
! `Number` is the key, but nothing is mapped to it => map it in [customer], or name another field
? `Number` ist der Schlüssel, aber dem Feld ist nichts zugeordnet => es in [customer] zuordnen, oder ein anderes Feld nennen

[group]
by = "x"
! [group] needs `into` => into = "OtherAddresses.OtherShippingAddresses": what the second and later records become
? [group] braucht `into` => into = "OtherAddresses.OtherShippingAddresses": was der zweite Datensatz und die weiteren werden
! [group] needs `address` => write [group.address] and the fields of such an address below it
? [group] braucht `address` => [group.address] schreiben und darunter die Felder einer solchen Adresse

[join]
file = "x"
! [join] needs `on` => on = { "Customer ID" = "Customer ID" }: the input's column, then the other file's
? [join] braucht `on` => on = { "Customer ID" = "Customer ID" }: die Spalte der Eingabe, dann die der anderen Datei

[test]
given = {}
! `test` must be a list of tests => write [[test]], with double brackets, for each test
? `test` muss eine Liste von Tests sein => für jeden Test [[test]] mit doppelten Klammern schreiben

[source]
format = "xls"
sheet = 1
! `format` does not know "xls" => did you mean `xlsx`?
? `format` kennt "xls" nicht => ist `xlsx` gemeint?
! `sheet` must be text in quotes
? `sheet` muss Text in Anführungszeichen sein

[source]
encoding = "utf9"
delimiter = "ab"
decimal = ";"
empty = [1]
! `encoding` does not know "utf9" => did you mean `utf-8`?
? `encoding` kennt "utf9" nicht => ist `utf-8` gemeint?
! `delimiter` must be one character => the usual ones are ";", ",", "\t" and "|"
? `delimiter` muss ein einzelnes Zeichen sein => üblich sind ";", ",", "\t" und "|"
! `decimal` does not know ";" => `decimal` is one of `.`, `,`
? `decimal` kennt ";" nicht => `decimal` ist eines von `.`, `,`
! `empty` must be a list of texts in quotes
? `empty` muss eine Liste von Texten in Anführungszeichen sein

[source]
drop = [" ORT"]
! `Ort` is listed in `drop` => a dropped column is never written anywhere: take it out of `drop` or leave it alone here
? `Ort` steht in `drop` => eine verworfene Spalte wird nirgends geschrieben: aus `drop` nehmen, oder hier weglassen

[report]
columns = ["a", "_record"]
! `_record` cannot be mapped => it is one of the columns that the report adds to failed.csv
? `_record` lässt sich nicht zuordnen => es ist eine der Spalten, die der Bericht in failed.csv hinzufügt
"#;

/// Mistakes of one condition of `keep_if`.
const CONDITIONS: &str = r#"
{ column = "a" }
! a condition needs exactly one test => the tests are `equals`, `one_of`, `filled`, `matches`, `between`
? eine Bedingung braucht genau eine Prüfung => die Prüfungen sind `equals`, `one_of`, `filled`, `matches`, `between`

{ equals = 1 }
! a condition needs a `column`
? eine Bedingung braucht `column`

{ column = "a", equals = 1, filled = true }
! a condition needs exactly one test => the tests are `equals`, `one_of`, `filled`, `matches`, `between`
? eine Bedingung braucht genau eine Prüfung => die Prüfungen sind `equals`, `one_of`, `filled`, `matches`, `between`

{ column = "a", between = [2, 1] }
! `between` must be a list of two numbers, the smaller first => between = [10000, 69999]
? `between` muss eine Liste von zwei aufsteigenden Zahlen sein => between = [10000, 69999]

{ column = "a", one_of = 1 }
! `one_of` must be a list of texts or numbers
? `one_of` muss eine Liste von Texten oder Zahlen sein

{ column = "a", matches = "(" }
! `matches` is no regular expression: unclosed group => in single quotes a backslash needs no doubling: '^\d+'
? `matches` ist kein regulärer Ausdruck: eine Klammer ist nicht geschlossen => in einfachen Anführungszeichen braucht ein Backslash keine Verdopplung: '^\d+'

1
! a condition must be a table
? eine Bedingung muss eine Tabelle sein
"#;
