//! A preview card for each story: a small page in `s/<story>/` with the story's title, what it is about and a
//! picture, which leads on to the story in the lab. What stands behind the `#` of a link never reaches a server,
//! so whoever previews a link to a story must find this in a page of its own.

use crate::failure::{Failure, Result, at};
use crate::paths;
use std::path::Path;

/// The document that lists the stories; a test of the engine holds it.
const STORIES: &str = "docs/stories.md";
/// Where the pictures are; `cargo xtask screenshots --docs` takes them. A story without one gets a card without.
const PICTURES: &str = "docs/stories";
/// The folder of the cards in the built page.
const FOLDER: &str = "s";

/// A story, as its card needs it.
#[derive(Debug, PartialEq, Eq)]
struct Card {
    name: String,
    title: String,
    line: String,
}

/// Writes the cards into the page that is being built.
pub(crate) fn write(page: &Path) -> Result<()> {
    let source = paths::root().join(STORIES);
    let text = std::fs::read_to_string(&source).map_err(at(&source))?;
    for card in read(&text)? {
        let folder = page.join(FOLDER).join(&card.name);
        std::fs::create_dir_all(&folder).map_err(at(&folder))?;
        let file = format!("{}.jpg", card.name);
        let picture = paths::root().join(PICTURES).join(&file);
        let has_picture = picture.is_file();
        if has_picture {
            std::fs::copy(&picture, folder.join("card.jpg")).map_err(at(&picture))?;
        }
        let path = folder.join("index.html");
        std::fs::write(&path, html(&card, has_picture)).map_err(at(&path))?;
    }
    Ok(())
}

/// The rows of the table of stories.
fn read(text: &str) -> Result<Vec<Card>> {
    let rows = text.lines().skip_while(|line| !line.starts_with("| ---")).skip(1);
    let rows = rows.take_while(|line| line.starts_with('|'));
    let cards: Option<Vec<Card>> = rows
        .map(|row| {
            let mut cells = row.trim_matches('|').split('|').map(str::trim);
            let name = cells.next()?.trim_matches('`').to_owned();
            let plain = |letter: char| {
                letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-'
            };
            let card =
                Card { name, title: cells.next()?.to_owned(), line: cells.next()?.to_owned() };
            // The name becomes a folder.
            (!card.name.is_empty() && card.name.chars().all(plain)).then_some(card)
        })
        .collect();
    let cards = cards.filter(|cards| !cards.is_empty());
    cards.ok_or_else(|| {
        Failure::new(format!("{STORIES} has no table of stories")).remedy(
            "write it with INTERLEAVE_UPDATE=1 cargo test -p interleave-engine --test stories",
        )
    })
}

/// A text between tags or quotes.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The card. It holds no script: a reader's browser is led on by the refresh, and a link stands there for
/// those that do not follow it.
fn html(card: &Card, has_picture: bool) -> String {
    let (title, line) = (escaped(&card.title), escaped(&card.line));
    let address = format!("../../#story={}.1", card.name);
    let picture = if has_picture {
        format!(
            "    <meta property=\"og:image\" content=\"card.jpg\">\n\
             \x20   <meta property=\"og:image:alt\" content=\"{title}, told over the service graph\">\n\
             \x20   <meta name=\"twitter:card\" content=\"summary_large_image\">\n"
        )
    } else {
        String::new()
    };
    let shown = if has_picture {
        format!(
            "    <p><a href=\"{address}\"><img src=\"card.jpg\" alt=\"{title}, told over the service graph\" width=\"600\" height=\"315\"></a></p>\n"
        )
    } else {
        String::new()
    };
    format!(
        "<!doctype html>\n<html lang=\"en\">\n  <head>\n    <meta charset=\"utf-8\">\n\
         \x20   <title>{title} · Interleave</title>\n\
         \x20   <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         \x20   <meta name=\"color-scheme\" content=\"dark light\">\n\
         \x20   <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src 'self'; base-uri 'none'; form-action 'none'\">\n\
         \x20   <meta http-equiv=\"refresh\" content=\"0; url={address}\">\n\
         \x20   <meta name=\"description\" content=\"{line}\">\n\
         \x20   <meta property=\"og:type\" content=\"article\">\n\
         \x20   <meta property=\"og:site_name\" content=\"Interleave\">\n\
         \x20   <meta property=\"og:title\" content=\"{title}\">\n\
         \x20   <meta property=\"og:description\" content=\"{line}\">\n\
         {picture}  </head>\n  <body>\n    <h1>{title}</h1>\n    <p>{line}</p>\n{shown}\
         \x20   <p><a href=\"{address}\">Tell this story in the lab</a></p>\n  </body>\n</html>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kept_list_gives_cards() {
        let text = std::fs::read_to_string(paths::root().join(STORIES)).unwrap();
        let cards = read(&text).unwrap();
        assert!(cards.len() >= 6);
        assert!(cards.iter().all(|card| !card.title.is_empty() && card.line.ends_with('.')));
    }

    #[test]
    fn a_card_leads_to_its_story_and_leaves_out_the_picture_that_is_not_there() {
        let card = Card { name: "a-b".into(), title: "A <b> & \"c\"".into(), line: "So.".into() };
        let page = html(&card, false);
        assert!(page.contains("url=../../#story=a-b.1"), "{page}");
        assert!(page.contains("content=\"A &lt;b&gt; &amp; &quot;c&quot;\""), "{page}");
        assert!(!page.contains("og:image") && !page.contains("<img"), "{page}");
        assert!(html(&card, true).contains("og:image\" content=\"card.jpg\""));
    }

    #[test]
    fn a_list_without_a_table_is_an_error() {
        assert!(read("# nothing").is_err());
        assert!(read("| a |\n| --- |\n| `../x` | T | l |\n").is_err());
    }
}
