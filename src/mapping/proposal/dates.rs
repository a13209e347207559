//! How the dates of a column are written, found out from them.

use jiff::civil::Date;

use super::super::convert::DateStyle;
use super::seen::Column;

/// The formats that are tried, each with the one that reads the same texts with day and month
/// the other way round.
const FORMATS: &[(&str, Option<&str>)] = &[
    ("%d.%m.%Y", None),
    ("%d.%m.%y", None),
    ("%d.%m.%Y %H:%M:%S", None),
    ("%d.%m.%Y %H:%M", None),
    ("%d.%m.%y %H:%M", None),
    ("%d/%m/%Y", Some("%m/%d/%Y")),
    ("%m/%d/%Y", Some("%d/%m/%Y")),
    ("%d/%m/%y", Some("%m/%d/%y")),
    ("%m/%d/%y", Some("%d/%m/%y")),
    ("%d-%m-%Y", Some("%m-%d-%Y")),
    ("%m-%d-%Y", Some("%d-%m-%Y")),
    ("%d/%m/%Y %H:%M:%S", Some("%m/%d/%Y %H:%M:%S")),
    ("%m/%d/%Y %H:%M:%S", Some("%d/%m/%Y %H:%M:%S")),
    ("%d/%m/%Y %H:%M", Some("%m/%d/%Y %H:%M")),
    ("%m/%d/%Y %H:%M", Some("%d/%m/%Y %H:%M")),
    ("%m/%d/%Y %I:%M %p", Some("%d/%m/%Y %I:%M %p")),
    ("%m/%d/%Y %I:%M:%S %p", Some("%d/%m/%Y %I:%M:%S %p")),
    ("%Y/%m/%d", None),
    ("%Y/%m/%d %H:%M:%S", None),
    ("%Y.%m.%d", None),
    ("%Y%m%d", None),
    ("%b %d, %Y", None),
    ("%B %d, %Y", None),
    ("%d %b %Y", None),
    ("%d %B %Y", None),
    ("%b %d, %Y %I:%M:%S %p", None),
    ("%b %d, %Y, %I:%M:%S %p", None),
];

/// ISO 8601, which needs no format.
pub(super) const ISO: &str = "%Y-%m-%d";

/// How a column's dates are written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Dates {
    /// Formats in the order in which they are tried; none: ISO 8601.
    pub(super) formats: Vec<String>,
    /// Values that can be read.
    pub(super) read: usize,
    /// Day and month could be the other way round: this format would read as many.
    pub(super) rival: Option<&'static str>,
    /// Numbers of days as spreadsheets keep them.
    pub(super) serials: usize,
}

/// Finds out how the dates are written. `american` decides what no value decides.
pub(super) fn dates_of(column: &Column<'_>, today: Date, american: bool) -> Dates {
    let iso = style(&[]);
    let mut left: Vec<&str> = column.filled().collect();
    let all = left.len();
    let mut serials = 0;
    let mut found = Dates::default();
    let read_by = |style: &DateStyle, texts: &[&str]| {
        let good = texts.iter().filter(|text| style.read(text, today).is_ok());
        good.count()
    };
    let by_iso = read_by(&iso, &left);
    if by_iso == all {
        found.read = all;
        return found;
    }
    // A stray value or two is damage, not a convention.
    let mixed = by_iso * 10 >= all;
    if mixed {
        left.retain(|text| iso.read(text, today).is_err());
    }
    for text in &left {
        let number = text.parse::<u32>().ok();
        serials += usize::from(number.is_some_and(|days| (5_000..70_000).contains(&days)));
    }
    found.serials = serials;
    let mut formats = Vec::new();
    // What one format does not read, another may; more than three are no convention.
    while formats.len() < 3 && !left.is_empty() {
        let counted = FORMATS.iter().map(|(format, rival)| {
            let count = read_by(&style(&[format]), &left);
            (count, *format, *rival)
        });
        let counted: Vec<(usize, &'static str, Option<&'static str>)> = counted.collect();
        let most = counted.iter().map(|(count, ..)| *count).max().unwrap_or(0);
        if most == 0 || (!formats.is_empty() && most * 10 < all) {
            break;
        }
        let mut best = counted.iter().filter(|(count, ..)| *count == most);
        let Some(&(_, first, rival)) = best.next() else {
            break;
        };
        let equal = rival.filter(|rival| best.any(|(_, format, _)| format == rival));
        let format = match equal {
            Some(rival) if american == rival.starts_with("%m") => {
                found.rival = Some(first);
                rival
            }
            Some(rival) => {
                found.rival = Some(rival);
                first
            }
            None => first,
        };
        let reader = style(&[format]);
        left.retain(|text| reader.read(text, today).is_err());
        formats.push(format.to_owned());
    }
    if mixed && !formats.is_empty() {
        formats.insert(0, ISO.to_owned());
        // ISO in a list means the date alone; times need formats of their own.
        let mut timed: Vec<&str> = column.filled().collect();
        let reader = style(&formats.iter().map(String::as_str).collect::<Vec<_>>());
        timed.retain(|text| reader.read(text, today).is_err());
        for format in [
            "%Y-%m-%d %H:%M:%S",
            "%Y-%m-%dT%H:%M:%SZ",
            "%Y-%m-%dT%H:%M:%S%:z",
        ] {
            if read_by(&style(&[format]), &timed) > 0 {
                formats.push(format.to_owned());
            }
        }
    }
    let reader = style(&formats.iter().map(String::as_str).collect::<Vec<_>>());
    found.read = column
        .filled()
        .filter(|text| reader.read(text, today).is_ok())
        .count();
    found.formats = formats;
    found
}

fn style(formats: &[&str]) -> DateStyle {
    DateStyle {
        formats: formats.iter().map(|format| (*format).to_owned()).collect(),
        birthday: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(texts: &[&'static str], american: bool) -> Dates {
        let column = Column {
            name: "a".into(),
            unusable: None,
            cells: texts.iter().map(|text| (*text).into()).collect(),
            typed: false,
        };
        dates_of(&column, jiff::civil::date(2026, 11, 24), american)
    }

    #[test]
    fn formats_are_found_in_the_values() {
        for (texts, wanted) in [
            (&["1985-12-31", "1985-12-31 13:30:00"][..], &[][..]),
            (&["31.12.1985", "1.2.1990"], &["%d.%m.%Y"]),
            (&["31.12.85", "01.02.90"], &["%d.%m.%y"]),
            (&["31.12.1985 13:30"], &["%d.%m.%Y %H:%M"]),
            (&["12/31/1985", "1/2/1990"], &["%m/%d/%Y"]),
            (&["31/12/1985", "01/02/1990"], &["%d/%m/%Y"]),
            (&["Dec 31, 1985"], &["%b %d, %Y"]),
            (&["19851231"], &["%Y%m%d"]),
            (&["31.12.1985", "1985-12-31"], &["%Y-%m-%d", "%d.%m.%Y"]),
        ] {
            let found = of(texts, false);
            assert_eq!(found.formats, wanted, "{texts:?}");
            assert_eq!((found.read, found.rival), (texts.len(), None), "{texts:?}");
        }
    }

    #[test]
    fn what_no_value_proves_is_said() {
        let texts = ["01/02/1990", "03/04/1991"];
        let european = of(&texts, false);
        assert_eq!(european.formats, ["%d/%m/%Y"]);
        assert_eq!(european.rival, Some("%m/%d/%Y"));
        let american = of(&texts, true);
        assert_eq!(american.formats, ["%m/%d/%Y"]);
        assert_eq!(american.rival, Some("%d/%m/%Y"));
    }

    #[test]
    fn what_is_no_date_is_counted() {
        let found = of(&["31.12.1985", "bald", "31412"], false);
        assert_eq!((found.read, found.serials), (1, 1));
        assert_eq!(of(&[], false), Dates::default());
        assert_eq!(of(&["bald"], false).read, 0);
    }
}
