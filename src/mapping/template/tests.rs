//! What templates write, what they must not do, and what their mistakes are called.

use super::reading::{FILTERS, FUNCTIONS, TESTS};
use super::*;
use crate::customer::Draft;
use crate::mapping::{Columns, Mapping, MappingError, Tally};
use crate::outcome::FieldError;
use crate::outcome::{Language, ValuesShown};
use crate::record::{Fields, Position, Record, Span};

fn text(value: &str) -> String {
    format!(
        "[source]\ndrop = [\"Passwort\"]\nempty = [\"NULL\"]\n\
         [customer]\nCustomerGroupId = {{ value = 1 }}\nInternalCompanyId = {{ value = 1 }}\n\
         LanguageIso = {{ value = \"DE\" }}\nInitialContact = {{ template = {value} }}\n\
         [customer.BillingAddress]\nCity = \"Ort\"\nCountryIso = {{ value = \"DE\" }}\n"
    )
}

fn parse(template: &str) -> Result<Mapping, MappingError> {
    Mapping::parse("m.toml", &text(&format!("'''{template}'''")))
}

fn of(record: Fields, columns: Columns<'_>, template: &str) -> Draft<'static> {
    let plan = parse(template).unwrap().bind(columns).unwrap();
    let record = Record {
        position: Position { record: 1, line: 2 },
        span: Span { start: 0, end: 0 },
        fields: record,
    };
    let draft = plan.apply(&record, &mut Tally::default());
    draft.unwrap().into_owned()
}

/// The initial contact of a record with the cells Ort, A and B, or why there is none.
fn written(template: &str, a: &str, b: &str) -> Result<Option<String>, FieldError> {
    let header = ["Ort", "A", "B"].map(str::to_owned);
    let cells = Fields::Cells(["Ulm", a, b].into_iter().collect());
    outcome(of(cells, Columns::Header(&header), template))
}

/// The same of a JSON object.
fn of_object(template: &str, json: &str) -> Result<Option<String>, FieldError> {
    let object = Fields::Object(serde_json::from_str(json).unwrap());
    outcome(of(object, Columns::Keys, template))
}

fn outcome(mut draft: Draft<'_>) -> Result<Option<String>, FieldError> {
    match draft.errors.pop() {
        Some(error) => Err(error),
        None => Ok(draft
            .customer
            .fields
            .text("InitialContact")
            .map(str::to_owned)),
    }
}

#[test]
fn columns_become_text() {
    for (template, a, b, wanted) in [
        (
            "{{ col['A'] | upper }} {{ col['B'] }}",
            " shop ",
            "2024",
            "SHOP 2024",
        ),
        ("{{ col.A }}&<{{ col.B }}>", "a&b", "c", "a&b&<c>"),
        (
            "{% if col.A %}{{ col.A }}{% else %}ohne{% endif %}",
            "NULL",
            "",
            "ohne",
        ),
        (
            "{% set x = col.A ~ '-' %}{{ x }}{{ col.B | trim('0') }}",
            "x",
            "0070",
            "x-7",
        ),
        ("{{ (col.A | int) + 1 }}", "41", "", "42"),
        ("{{ (col.A | split('/') | list)[1] }}", "a/b/c", "", "b"),
        ("{{ col['A'][:2] }}{{ none }}", "abc", "", "ab"),
        (
            "{% for c in col.A | split(',') %}{{ loop.index }}{{ c }}{% endfor %}",
            "x,y",
            "",
            "1x2y",
        ),
        (
            "{{ col.A | default('d') }}|{{ col.A or 'e' }}",
            "",
            "",
            "|e",
        ),
    ] {
        assert_eq!(
            written(template, a, b),
            Ok(Some(wanted.to_owned())),
            "{template}"
        );
    }
}

#[test]
fn nothing_written_is_nothing() {
    assert_eq!(written("{{ col.A }} {{ col.B }}", " ", "NULL"), Ok(None));
    let text = text("\"{{ col.A }}\", default = \"x\"");
    let header = ["Ort", "A"].map(str::to_owned);
    let plan = Mapping::parse("m", &text).unwrap();
    let plan = plan.bind(Columns::Header(&header)).unwrap();
    let record = Record {
        position: Position { record: 1, line: 2 },
        span: Span { start: 0, end: 0 },
        fields: Fields::Cells(["Ulm", ""].into_iter().collect()),
    };
    let draft = plan.apply(&record, &mut Tally::default()).unwrap();
    assert_eq!(outcome(draft), Ok(Some("x".to_owned())));
}

#[test]
fn values_of_json_keep_their_type() {
    for (template, json, wanted) in [
        ("{{ col.n + 1 }}", r#"{"n": 2}"#, "3"),
        ("{{ col.n }}", r#"{"n": 1.10}"#, "1.10"),
        ("{{ (col.n | float) * 2 }}", r#"{"n": 1.10}"#, "2.2"),
        ("{{ 'ja' if col.b else 'nein' }}", r#"{"b": false}"#, "nein"),
        (
            "{{ col.tags | join(', ') }}",
            r#"{"tags": ["a", "b"]}"#,
            "a, b",
        ),
        ("{{ col['a.c'] }}", r#"{"a": {"c": " x "}}"#, "x"),
        ("{{ col.a.c }}", r#"{"a": {"c": "x"}}"#, "x"),
        ("{{ col.gone }}.", r#"{"n": null}"#, "."),
    ] {
        let found = of_object(template, json);
        assert_eq!(found, Ok(Some(wanted.to_owned())), "{template}");
    }
}

#[test]
fn failures_belong_to_the_record_and_repeat_no_value() {
    for (template, reason, place) in [
        (
            "{% for i in range(90000) %}{{ i }}{% endfor %}{{ col.A }}",
            "it takes too many steps or too much memory",
            None,
        ),
        (
            "{{ col.A * 900000000 }}",
            "it takes too many steps or too much memory",
            Some("col.A * 900000000"),
        ),
        ("{{ 'x' * 70000 }}", "it writes more than 65536 bytes", None),
        (
            "{{ col.A + 1 }}",
            "an operation does not fit its values",
            Some("col.A + 1"),
        ),
        (
            "{{ col.A | int }}",
            "an operation does not fit its values",
            Some("int"),
        ),
        (
            "{{ col.A.b }}",
            "it reads a value that is not there",
            Some("col.A.b"),
        ),
        (
            "{{ col.A | split('e') }}",
            "a list or an object cannot be written as it is",
            None,
        ),
        (
            "{{ col.A | replace }}",
            "a filter, test or function has the wrong arguments",
            Some("replace"),
        ),
    ] {
        let error = written(template, "Geheim", "").unwrap_err();
        assert_eq!(error.code, Code::TemplateFailed, "{template}");
        assert_eq!(error.params["reason"], reason, "{template}");
        if place.is_some() {
            assert_eq!(
                error.params.get("in").map(String::as_str),
                place,
                "{template}"
            );
        }
        assert!(!error.params.values().any(|text| text.contains("Geheim")));
        let message = error.message_in(Language::German);
        assert!(!message.contains(reason), "{message}");
        assert!(error.columns.is_empty() || error.columns == ["A"]);
    }
}

#[test]
fn mistakes_of_templates() {
    for (template, wanted) in [
        (
            "{{ col[name] }}",
            "the template does not say which column it reads => name each one: col['Name']; its columns must be known before a record is read",
        ),
        (
            "{% for c in col %}{% endfor %}",
            "the template does not say which column it reads => name each one: col['Name']; its columns must be known before a record is read",
        ),
        (
            "{{ col.items() }}",
            "the template does not say which column it reads => name each one: col['Name']; its columns must be known before a record is read",
        ),
        (
            "{{ col | attr('A') }}",
            "the template does not say which column it reads => name each one: col['Name']; its columns must be known before a record is read",
        ),
        (
            "{% set col = 1 %}",
            "the template sets `col` => the record's columns stand there: take another name",
        ),
        (
            "{{ Quelle }}",
            "the template does not know `Quelle` => a column is written col['Quelle']",
        ),
        (
            "{{ col.A | uper }}",
            "the template knows no filter `uper` => did you mean `upper`?",
        ),
        (
            "{% filter uper %}{% endfilter %}",
            "the template knows no filter `uper` => did you mean `upper`?",
        ),
        (
            "{{ col.A is emty }}",
            "the template knows no test `emty` => it knows `boolean`, `defined`, `divisibleby`, `endingwith`, `eq`, `equalto`, `even`, `false`, `float`, `ge`, `greaterthan`, `gt`, `in`, `int`, `integer`, `iterable`, `le`, `lessthan`, `lower`, `lt`, `mapping`, `ne`, `none`, `number`, `odd`, `sequence`, `startingwith`, `string`, `true`, `undefined`, `upper`",
        ),
        (
            "{{ col.A.split(',') }}",
            "the template knows no method `split` => filters stand behind a bar, such as `| split(',')`",
        ),
        (
            "{{ now() }}",
            "the template knows no function `now` => it knows `dict`, `namespace`, `range`",
        ),
        (
            "{{ debug() }}",
            "the template knows no function `debug` => it knows `dict`, `namespace`, `range`",
        ),
        (
            "{% autoescape true %}{% endautoescape %}",
            "the template sets `autoescape` => leave it out: nothing is escaped anyway",
        ),
        (
            "{{ col['_run'] }}",
            "`_run` cannot be mapped => it is one of the columns that the report adds to failed.csv",
        ),
        (
            "{{ col['passwort'] }}",
            "`passwort` is listed in `drop` => a dropped column is never written anywhere: take it out of `drop` or leave it alone here",
        ),
        (
            "{{ col['A' }}",
            "`template` cannot be read: unexpected `}`, expected `]` => columns are written {{ col['Name'] }}, filters behind them: {{ col['Name'] | upper }}",
        ),
        (
            "{% include 'x' %}",
            "`template` cannot be read: unknown statement include => columns are written {{ col['Name'] }}, filters behind them: {{ col['Name'] | upper }}",
        ),
    ] {
        let error = parse(template).unwrap_err();
        assert!(
            error.brief().contains(&wanted.to_owned()),
            "{template}: {:#?}",
            error.brief()
        );
    }
}

#[test]
fn mistakes_are_shown_where_they_stand() {
    let error = parse("{{ col['A'] }}\n{{ col.B | uper }}").unwrap_err();
    insta::assert_snapshot!(error.render(false, Language::English, ValuesShown::Full), @r"
    error: the template knows no filter `uper`
     --> m.toml:9:12
      |
    9 | {{ col.B | uper }}''' }
      |            ^^^^
      |
      = help: did you mean `upper`?
    ");
    let escaped = Mapping::parse("m.toml", &text("\"{{ col[\\\"A\\\"] | uper }}\"")).unwrap_err();
    insta::assert_snapshot!(escaped.render(false, Language::English, ValuesShown::Full), @r#"
    error: the template knows no filter `uper`
     --> m.toml:8:31
      |
    8 | InitialContact = { template = "{{ col[\"A\"] | uper }}" }
      |                               ^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: did you mean `upper`?
    "#);
}

#[test]
fn a_column_that_is_missing_is_a_mistake_before_any_record() {
    let header = ["Ort", "Quelle", "Rest"].map(str::to_owned);
    let bind = |template: &str| parse(template).unwrap().bind(Columns::Header(&header));
    let plan = bind("{{ col['quelle'] }}").unwrap();
    assert_eq!(plan.unused_columns(), ["Rest"]);
    assert_eq!(plan.columns_of("InitialContact"), ["Quelle"]);
    let error = bind("{% if false %}{{ col['Qelle'] }}{% endif %}").unwrap_err();
    assert_eq!(
        error.brief(),
        ["the input has no column `Qelle` => did you mean `Quelle`?"]
    );
}

/// What the documentation lists is what there is.
#[test]
fn every_word_that_is_listed_exists() {
    let mut environment = Environment::new();
    environment.set_fuel(Some(FUEL));
    let truth = |expression: &str| {
        let compiled = environment.compile_expression(expression).unwrap();
        compiled.eval(()).unwrap().is_true()
    };
    for (kind, words) in [("filter", FILTERS), ("test", TESTS)] {
        for word in words {
            assert!(truth(&format!("'{word}' is {kind}")), "{kind} {word}");
        }
    }
    for function in FUNCTIONS {
        assert!(truth(&format!("{function} is defined")), "{function}");
    }
}

#[test]
fn an_address_that_only_the_template_fills_is_none() {
    let text = text("'{{ col.A }}'").replace(
        "[customer.BillingAddress]",
        "[customer.Shipmentaddress]\nCity = { template = 'in {{ col.Stadt }}' }\nCountryIso = { value = \"DE\" }\n\
         [customer.BillingAddress]",
    );
    let header = ["Ort", "A", "Stadt"].map(str::to_owned);
    let plan = Mapping::parse("m", &text).unwrap();
    let plan = plan.bind(Columns::Header(&header)).unwrap();
    let city = |stadt: &str| {
        let record = Record {
            position: Position { record: 1, line: 2 },
            span: Span { start: 0, end: 0 },
            fields: Fields::Cells(["Ulm", "", stadt].into_iter().collect()),
        };
        let draft = plan.apply(&record, &mut Tally::default()).unwrap();
        let shipment = draft.customer.shipment?;
        shipment.text("City").map(str::to_owned)
    };
    assert_eq!(city(""), None);
    assert_eq!(city("Bonn").as_deref(), Some("in Bonn"));
}

proptest::proptest! {
    /// Whatever stands in a template, and whatever it is given.
    #[test]
    fn no_template_makes_it_panic(
        template in "([{][{]|[}][}]|[{]%|%[}]| col|[.]|A|B|\\[|\\]|\"|for c in |if |endfor|set x = |x|[|] |upper|split|join|~|[*]|-|[(]|[)]|[0-9]|ä|😀|\n){0,16}",
        a in "(.|[0-9]){0,6}",
    ) {
        let text = text(&format!("\'\'\'{template}\'\'\'"));
        match Mapping::parse("m.toml", &text) {
            Err(error) => {
                let _ = error.render(true, Language::English, ValuesShown::Full);
                let _ = error.to_string();
            }
            Ok(mapping) => {
                let header = ["Ort", "A", "B"].map(str::to_owned);
                if let Ok(plan) = mapping.bind(Columns::Header(&header)) {
                    let record = Record {
                        position: Position { record: 1, line: 2 },
                        span: Span { start: 0, end: 0 },
                        fields: Fields::Cells(["Ulm", &a, "b"].into_iter().collect()),
                    };
                    let _ = plan.apply(&record, &mut Tally::default());
                    let _ = plan.explain(&record);
                }
            }
        }
    }
}
