//! Where a hook leads, as a jobs file says it.

use std::path::Path;

use crate::mapping::error::Mistake;
use crate::mapping::syntax::{Section, wrong_type};
use crate::outcome::both;
use crate::schedule::hooks::check_url;
use crate::schedule::jobs::{HookPlace, HookUrl};

/// Keys of a webhook.
const WEB_KEYS: &[&str] = &["url", "url_env", "url_file", "allow_http"];

/// Reads a hook.
pub(super) fn hook(
    section: &mut Section<'_, '_>,
    key: &'static str,
    folder: &Path,
) -> Option<HookPlace> {
    let how = || {
        both!(
            "write a program with its words, like [\"/usr/bin/notify\", \"shop\"], or \
             {{ url = \"https://…\" }}",
            "ein Programm mit seinen Wörtern schreiben, etwa [\"/usr/bin/notify\", \"shop\"], oder \
             {{ url = \"https://…\" }}"
        )
    };
    let node = section.get(key)?;
    if node.get_ref().as_array().is_some() {
        let mut words: Vec<String> = section
            .texts(key)?
            .into_iter()
            .map(|(word, _)| word.to_owned())
            .collect();
        if words.first().is_none_or(String::is_empty) {
            let title = both!("`{key}` names no program", "`{key}` nennt kein Programm");
            return section.complain(Mistake::at(node.span(), title).help(how()));
        }
        if let Some(program) = words.first_mut() {
            beside(program, folder);
        }
        return Some(HookPlace::Command(words));
    }
    if node.get_ref().as_table().is_none() {
        let wrong = wrong_type(
            node,
            key,
            both!(
                "a list of words or a table",
                "eine Liste von Wörtern oder eine Tabelle"
            ),
        );
        return section.complain(wrong.help(how()));
    }
    let mut web = match Section::open(node, both!("a webhook", "ein Webhook"), WEB_KEYS) {
        Ok(web) => web,
        Err(mistake) => return section.complain(mistake.help(how())),
    };
    let allow_http = web.flag("allow_http").unwrap_or_default();
    let plain = web.text("url");
    let env = web
        .text("url_env")
        .map(|(name, _)| HookUrl::Env(name.to_owned()));
    let file = web
        .text("url_file")
        .map(|(path, _)| HookUrl::File(folder.join(path)));
    let place = plain.as_ref().map(|(_, place)| place.clone());
    let plain = plain.map(|(url, _)| HookUrl::Plain(url.to_owned()));
    let mut urls = [plain, env, file].into_iter().flatten();
    let url = match (urls.next(), urls.next()) {
        (Some(url), None) => Some(url),
        _ => {
            let title = both!(
                "`{key}` has to name one address",
                "`{key}` muss genau eine Adresse nennen"
            );
            web.complain(Mistake::at(node.span(), title).help(how()))
        }
    };
    if let (Some(HookUrl::Plain(text)), Some(place)) = (&url, place)
        && let Err(why) = check_url(text, allow_http)
    {
        web.mistake(Mistake::at(place, why.map(|why| format!("`{key}`: {why}"))));
    }
    let mut mistakes = Vec::new();
    web.close(&mut mistakes);
    for mistake in mistakes {
        section.mistake(mistake);
    }
    Some(HookPlace::Web {
        url: url?,
        allow_http,
    })
}

/// A program that is named by a relative path lies there as seen from the jobs file; one that is
/// a mere name is looked for as a shell does.
fn beside(program: &mut String, folder: &Path) {
    let path = Path::new(program.as_str());
    // A dot in front counts.
    let is_name = path.components().count() < 2;
    if path.is_relative() && !is_name {
        let joined = folder.join(path);
        // What is no Unicode could not have been written into the file.
        if let Some(joined) = joined.to_str() {
            *program = joined.to_owned();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_with_a_folder_lies_beside_the_jobs_file() {
        let folder = Path::new("jobs");
        for (word, program) in [
            ("notify", "notify".to_owned()),
            (
                "./notify.sh",
                folder.join("./notify.sh").display().to_string(),
            ),
            (
                "bin/notify",
                folder.join("bin/notify").display().to_string(),
            ),
            ("../notify", folder.join("../notify").display().to_string()),
        ] {
            let mut named = word.to_owned();
            beside(&mut named, folder);
            assert_eq!(named, program);
        }
        #[cfg(unix)]
        {
            let mut named = "/usr/bin/notify".to_owned();
            beside(&mut named, folder);
            assert_eq!(named, "/usr/bin/notify");
        }
    }
}
