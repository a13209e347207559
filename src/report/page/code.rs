//! Words between backticks, as messages have them for commands, columns and values, become code
//! on the page.

use std::fmt::Write;

use minijinja::{HtmlEscape, Value};

use crate::outcome::wording;

/// The text as HTML: escaped, and what stands between two backticks as code. A backtick without
/// a second one stays.
pub(super) fn code(text: &str) -> Value {
    let text = wording::harmless(text);
    let mut html = String::with_capacity(text.len() + 32);
    let mut rest = &*text;
    while let Some((before, behind)) = rest.split_once('`')
        && let Some((word, after)) = behind.split_once('`')
    {
        let _ = write!(html, "{}", HtmlEscape(before));
        let _ = match word {
            "" => write!(html, "``"),
            word => write!(html, "<code>{}</code>", HtmlEscape(word)),
        };
        rest = after;
    }
    let _ = write!(html, "{}", HtmlEscape(rest));
    Value::from_safe_string(html)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_between_backticks_are_code_and_nothing_else_is_html() {
        for (text, html) in [
            ("plain", "plain"),
            ("`a`", "<code>a</code>"),
            ("set `x` to `y`.", "set <code>x</code> to <code>y</code>."),
            ("`<b>` & <i>", "<code>&lt;b&gt;</code> &amp; &lt;i&gt;"),
            ("a ` b", "a ` b"),
            ("`a` ` b", "<code>a</code> ` b"),
            ("`` `a`", "`` <code>a</code>"),
            ("</code>`\"`", "&lt;&#x2f;code&gt;<code>&quot;</code>"),
        ] {
            assert_eq!(code(text).as_str(), Some(html), "{text}");
            assert!(code(text).is_safe());
        }
    }
}
