//! The Markdown that the project's own pages are written in, read into blocks: headings, paragraphs,
//! lists, tables, code, links by name. What it does not know stays text, so nothing is ever lost,
//! and nothing of a page can become markup that the page did not mean.

/// A page.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Document {
    /// The text of its first heading.
    pub title: Vec<Inline>,
    /// All that follows.
    pub blocks: Vec<Block>,
}

/// A block of a page.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Block {
    /// A heading of level 2 or below.
    Heading(u8, Vec<Inline>),
    /// A paragraph.
    Paragraph(Vec<Inline>),
    /// A list: whether it is numbered, and its items.
    List(bool, Vec<Vec<Block>>),
    /// A table: its head, whether each column holds numbers, its rows.
    Table(Vec<Vec<Inline>>, Vec<bool>, Vec<Vec<Vec<Inline>>>),
    /// Lines as they are.
    Code(String),
}

/// A part of a line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Inline {
    /// Text.
    Text(String),
    /// Code.
    Code(String),
    /// Stressed: the title of something, or a word that is being explained.
    Stressed(Vec<Inline>),
    /// Strong.
    Strong(Vec<Inline>),
    /// A link: its text and where it goes.
    Link(Vec<Inline>, String),
}

/// The plain text of some parts.
#[must_use]
pub fn plain(parts: &[Inline]) -> String {
    let text = |part: &Inline| match part {
        Inline::Text(text) | Inline::Code(text) => text.clone(),
        Inline::Stressed(inner) | Inline::Strong(inner) | Inline::Link(inner, _) => plain(inner),
    };
    parts.iter().map(text).collect()
}

/// Reads a page.
#[must_use]
pub fn read(text: &str) -> Document {
    let mut links = Vec::new();
    let mut lines = Vec::new();
    for line in text.lines() {
        match definition(line) {
            Some(link) => links.push(link),
            None => lines.push(line),
        }
    }
    let reader = Reader { links: &links };
    let mut blocks = reader.blocks(&lines);
    let title = match blocks.first() {
        Some(Block::Heading(1, _)) => match blocks.remove(0) {
            Block::Heading(_, title) => title,
            _ => Vec::new(),
        },
        _ => Vec::new(),
    };
    Document { title, blocks }
}

/// `[name]: target`.
fn definition(line: &str) -> Option<(&str, &str)> {
    let (name, target) = line.strip_prefix('[')?.split_once("]: ")?;
    (!target.contains(' ')).then_some((name, target))
}

struct Reader<'a> {
    /// Where the links by name go.
    links: &'a [(&'a str, &'a str)],
}

/// What an item of a list begins with: whether it is numbered, and how many characters that takes.
fn bullet(line: &str) -> Option<(bool, usize)> {
    if line.starts_with("* ") || line.starts_with("- ") {
        return Some((false, 2));
    }
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    (digits > 0 && line[digits..].starts_with(". ")).then_some((true, digits + 2))
}

fn is_row(line: &str) -> bool {
    line.starts_with('|')
}

impl Reader<'_> {
    fn blocks(&self, lines: &[&str]) -> Vec<Block> {
        let mut blocks = Vec::new();
        let mut at = 0;
        while at < lines.len() {
            let line = lines[at];
            if line.trim().is_empty() || line.starts_with("<!--") {
                at += 1;
            } else if let Some(language) = line.trim_start().strip_prefix("```") {
                let _ = language;
                let body =
                    lines[at + 1..].iter().take_while(|it| !it.trim_start().starts_with("```"));
                let body: Vec<&str> = body.copied().collect();
                at += body.len() + 2;
                blocks.push(Block::Code(body.join("\n")));
            } else if line.starts_with('#') {
                let level = line.bytes().take_while(|it| *it == b'#').count();
                let text = line[level..].trim();
                blocks.push(Block::Heading(level as u8, self.inlines(text)));
                at += 1;
            } else if is_row(line) {
                let rows = lines[at..].iter().take_while(|it| is_row(it)).count();
                blocks.push(self.table(&lines[at..at + rows]));
                at += rows;
            } else if let Some((numbered, _)) = bullet(line) {
                let (list, used) = self.list(numbered, &lines[at..]);
                blocks.push(list);
                at += used;
            } else if line.starts_with("    ") {
                let body = lines[at..].iter().take_while(|it| it.starts_with("    "));
                let body: Vec<&str> = body.map(|it| &it[4..]).collect();
                at += body.len();
                blocks.push(Block::Code(body.join("\n")));
            } else {
                let own = |it: &&&str| {
                    !it.trim().is_empty() && !it.starts_with('#') && !it.starts_with("```")
                };
                let used = lines[at..].iter().take_while(own).count().max(1);
                let text: Vec<&str> = lines[at..at + used].iter().map(|it| it.trim()).collect();
                blocks.push(Block::Paragraph(self.inlines(&text.join(" "))));
                at += used;
            }
        }
        blocks
    }

    /// A list from its first line on, and how many lines it takes.
    fn list(&self, numbered: bool, lines: &[&str]) -> (Block, usize) {
        let mut items: Vec<Vec<&str>> = Vec::new();
        let mut used = 0;
        let mut inset = 2;
        while used < lines.len() {
            let line = lines[used];
            if let Some((_, width)) = bullet(line).filter(|it| it.0 == numbered) {
                inset = width;
                items.push(vec![&line[width..]]);
            } else if line.trim().is_empty() {
                // An empty line ends the list, unless what follows still belongs to its last item.
                let next = lines.get(used + 1).copied().unwrap_or_default();
                if !next.starts_with(&" ".repeat(inset))
                    && bullet(next).is_none_or(|it| it.0 != numbered)
                {
                    break;
                }
                if let Some(item) = items.last_mut() {
                    item.push("");
                }
            } else if let Some(item) = items.last_mut() {
                if !line.starts_with(' ') && item.last().is_some_and(|it| it.is_empty()) {
                    break;
                }
                let cut = line.bytes().take(inset).take_while(|it| *it == b' ').count();
                item.push(&line[cut..]);
            }
            used += 1;
        }
        let items = items.iter().map(|item| self.blocks(item)).collect();
        (Block::List(numbered, items), used)
    }

    fn table(&self, rows: &[&str]) -> Block {
        let cells = |row: &str| -> Vec<Vec<Inline>> {
            cells(row).iter().map(|cell| self.inlines(cell.trim())).collect()
        };
        let head = rows.first().map(|row| cells(row)).unwrap_or_default();
        let marks = rows.get(1).copied().unwrap_or_default();
        let numbers = self::cells(marks).iter().map(|it| it.trim().ends_with(':')).collect();
        let body = rows.iter().skip(2).map(|row| cells(row)).collect();
        Block::Table(head, numbers, body)
    }

    fn inlines(&self, text: &str) -> Vec<Inline> {
        let mut parts = Vec::new();
        let mut said = String::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let found = match first {
                '`' => code(rest),
                '[' => self.link(rest),
                '*' => self.stressed(rest),
                _ => None,
            };
            let Some((part, used)) = found else {
                said.push(first);
                rest = &rest[first.len_utf8()..];
                continue;
            };
            if !said.is_empty() {
                parts.push(Inline::Text(std::mem::take(&mut said)));
            }
            parts.push(part);
            rest = &rest[used..];
        }
        if !said.is_empty() {
            parts.push(Inline::Text(said));
        }
        parts
    }

    fn stressed(&self, text: &str) -> Option<(Inline, usize)> {
        let mark = if text.starts_with("**") { "**" } else { "*" };
        let inner = text.strip_prefix(mark)?;
        let end = inner.find(mark)?;
        let words = &inner[..end];
        if words.is_empty() || words.starts_with(' ') || words.ends_with(' ') {
            return None;
        }
        let parts = self.inlines(words);
        let part = if mark == "**" { Inline::Strong(parts) } else { Inline::Stressed(parts) };
        Some((part, end + 2 * mark.len()))
    }

    /// `[text](target)`, `[text][name]` or `[name]`.
    fn link(&self, text: &str) -> Option<(Inline, usize)> {
        let end = text.find(']')?;
        let words = &text[1..end];
        let after = &text[end + 1..];
        let (target, used) = if let Some(target) = after.strip_prefix('(') {
            let close = target.find(')')?;
            (target[..close].to_owned(), end + close + 3)
        } else if let Some(name) = after.strip_prefix('[') {
            let close = name.find(']')?;
            (self.target(&name[..close])?, end + close + 3)
        } else {
            (self.target(words)?, end + 1)
        };
        Some((Inline::Link(self.inlines(words), target), used))
    }

    fn target(&self, name: &str) -> Option<String> {
        self.links.iter().find(|link| link.0 == name).map(|link| link.1.to_owned())
    }
}

fn code(text: &str) -> Option<(Inline, usize)> {
    let end = text[1..].find('`')?;
    Some((Inline::Code(text[1..=end].to_owned()), end + 2))
}

/// The cells of a row; a bar inside code is none between cells.
fn cells(row: &str) -> Vec<String> {
    let row = row.trim().trim_start_matches('|');
    let row = row.strip_suffix('|').unwrap_or(row);
    let mut cells = vec![String::new()];
    let mut in_code = false;
    for letter in row.chars() {
        in_code ^= letter == '`';
        match cells.last_mut() {
            Some(_) if letter == '|' && !in_code => cells.push(String::new()),
            Some(cell) => cell.push(letter),
            None => {}
        }
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Inline {
        Inline::Text(text.into())
    }

    #[test]
    fn a_page_has_a_title_and_blocks() {
        let page = read("# One (`two`)\n\nA line\nand *its* rest.\n\n## Next\n\n* a\n  b\n* c\n");
        assert_eq!(plain(&page.title), "One (two)");
        assert_eq!(
            page.blocks,
            [
                Block::Paragraph(vec![
                    text("A line and "),
                    Inline::Stressed(vec![text("its")]),
                    text(" rest."),
                ]),
                Block::Heading(2, vec![text("Next")]),
                Block::List(
                    false,
                    vec![
                        vec![Block::Paragraph(vec![text("a b")])],
                        vec![Block::Paragraph(vec![text("c")])],
                    ],
                ),
            ]
        );
    }

    #[test]
    fn links_go_where_their_names_say() {
        let page =
            read("See [this\nrun][a-run], [b](c.md) and [no link].\n\n[a-run]: ./#1.abc&t=3\n");
        let Block::Paragraph(parts) = &page.blocks[0] else { panic!("{page:?}") };
        assert_eq!(parts[1], Inline::Link(vec![text("this run")], "./#1.abc&t=3".into()));
        assert_eq!(parts[3], Inline::Link(vec![text("b")], "c.md".into()));
        assert_eq!(parts[4], text(" and [no link]."));
    }

    #[test]
    fn tables_know_their_numbers() {
        let page = read("| a | `b|c` |\n| --- | ---: |\n| x | 1 |\n");
        let Block::Table(head, numbers, rows) = &page.blocks[0] else { panic!("{page:?}") };
        assert_eq!(head[1], [Inline::Code("b|c".into())]);
        assert_eq!(*numbers, [false, true]);
        assert_eq!(plain(&rows[0][1]), "1");
    }

    #[test]
    fn what_is_not_known_stays_text() {
        let page = read("2 * 3 * 4 and `open");
        assert_eq!(page.blocks, [Block::Paragraph(vec![text("2 * 3 * 4 and `open")])]);
    }

    #[test]
    fn comments_and_code_are_told_apart() {
        let page = read("<!-- measured -->\n\n```text\n* a\n```\n\n    b | c\n");
        assert_eq!(page.blocks, [Block::Code("* a".into()), Block::Code("b | c".into())]);
    }
}
