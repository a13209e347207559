//! What a cell's number format says beyond its value: per cent, digits that are always shown,
//! a time without a day. Everything else of a format (currencies, colours, grouping) is
//! decoration.

/// How a format shows a number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Look {
    /// As it is.
    #[default]
    Plain,
    /// As a hundred times itself.
    Percent,
    /// Whole, with as many digits as there are places, and what stands between them.
    Places(Vec<Place>),
    /// A date or date-time, if it is one at all: also a time without a day.
    Clock,
}

/// A place of a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A digit, `0` if the number is too short.
    Digit,
    /// This character.
    Literal(char),
}

impl Look {
    /// Reads a number format (ECMA-376, part 1, section 18.8.31): only the part for positive
    /// numbers counts.
    pub(super) fn of(code: &str) -> Self {
        let places = places(code);
        let has = |wanted: &str| {
            places
                .iter()
                .any(|place| matches!(place, Piece::Sign(sign) if wanted.contains(*sign)))
        };
        if has("%") {
            return Self::Percent;
        }
        if has("hHsS") && !has("yYdDeE") {
            return Self::Clock;
        }
        let all: Option<Vec<Place>> = places.iter().map(Piece::place).collect();
        let all = all.unwrap_or_default();
        let digits = all.iter().filter(|place| **place == Place::Digit).count();
        if digits >= 2 {
            Self::Places(all)
        } else {
            Self::Plain
        }
    }

    /// A whole number of at least 0 in its places; none if this is no such look or number.
    pub(super) fn in_places(&self, value: f64) -> Option<String> {
        let Self::Places(places) = self else {
            return None;
        };
        if value.fract() != 0.0 || !(0.0..1e15).contains(&value) {
            return None;
        }
        let digits = format!("{value:.0}");
        let wanted = places.iter().filter(|place| **place == Place::Digit);
        let wanted = wanted.count();
        let digits = format!("{digits:0>wanted$}");
        // The first place takes what the others have no room for.
        let surplus = digits.len().saturating_sub(wanted);
        let mut rest = digits.chars();
        let mut text = String::new();
        let mut is_first = true;
        for place in places {
            match place {
                Place::Literal(literal) => text.push(*literal),
                Place::Digit => {
                    let count = if is_first { surplus + 1 } else { 1 };
                    is_first = false;
                    text.extend(rest.by_ref().take(count));
                }
            }
        }
        Some(text)
    }
}

/// A piece of a format.
enum Piece {
    /// A sign that means something.
    Sign(char),
    /// A character that is shown as it is.
    Literal(char),
}

impl Piece {
    fn place(&self) -> Option<Place> {
        match self {
            Self::Sign('0') => Some(Place::Digit),
            Self::Sign(_) => None,
            Self::Literal(literal) => Some(Place::Literal(*literal)),
        }
    }
}

fn places(code: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut signs = code.chars();
    while let Some(sign) = signs.next() {
        match sign {
            ';' => break,
            '"' => pieces.extend(signs.by_ref().take_while(|c| *c != '"').map(Piece::Literal)),
            '\\' => pieces.extend(signs.next().map(Piece::Literal)),
            // A blank as wide as the next character, or that character as often as it fits.
            '_' | '*' => {
                signs.next();
            }
            // A colour, a condition, a currency or a language; `[h]` is told by the reader.
            '[' => signs.by_ref().take_while(|c| *c != ']').for_each(drop),
            ' ' | '-' | '+' | '(' | ')' | ':' => pieces.push(Piece::Literal(sign)),
            // A slash between digits is a fraction.
            _ => pieces.push(Piece::Sign(sign)),
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_stand_in_their_places() {
        for (code, value, text) in [
            ("00000", 1067.0, Some("01067")),
            ("00000", 0.0, Some("00000")),
            ("[$-407]00000", 1067.0, Some("01067")),
            ("00000;@", 123_456.0, Some("123456")),
            ("\"D-\"00000", 1067.0, Some("D-01067")),
            ("\\D\\-00000", 1067.0, Some("D-01067")),
            ("000-000", 12_345.0, Some("012-345")),
            ("00000", -5.0, None),
            ("00000", 1.5, None),
            ("0", 5.0, None),
            ("General", 5.0, None),
            ("#,##0", 5.0, None),
            ("0.00", 5.0, None),
            ("00 km", 5.0, None),
            ("@", 5.0, None),
            ("0.00E+00", 5.0, None),
        ] {
            assert_eq!(Look::of(code).in_places(value).as_deref(), text, "{code}");
        }
    }

    #[test]
    fn per_cent_and_times_are_told() {
        for (code, look) in [
            ("0.00%", Look::Percent),
            ("0\"%\"", Look::Plain),
            ("h:mm", Look::Clock),
            ("h:mm:ss AM/PM", Look::Clock),
            ("dd.mm.yyyy hh:mm", Look::Plain),
            ("dd.mm.yyyy", Look::Plain),
            ("#,##0.00\\ \"€\"", Look::Plain),
            ("", Look::Plain),
            ("\"", Look::Plain),
            ("\\", Look::Plain),
        ] {
            assert_eq!(Look::of(code), look, "{code}");
        }
    }
}
