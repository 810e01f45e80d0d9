//! Rust source without its comments and the contents of its literals.
//!
//! A full parser would be exact and a heavy dependency; to find names this is enough.

/// The code alone: everything else becomes spaces, and every line stays where it is.
pub(super) fn code_of(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut code = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = skipped_until(&chars, at);
        if end == at {
            code.push(chars[at]);
            at += 1;
        } else {
            code.extend(chars[at..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
            at = end;
        }
    }
    code
}

/// The code before its unit tests, which may look at anything.
pub(super) fn code_without_tests(text: &str) -> String {
    let code = code_of(text);
    match code.find("#[cfg(test)]\nmod tests {") {
        Some(start) => code[..start].to_owned(),
        None => code,
    }
}

/// Where the comment or literal that starts here ends; `at` itself where none does.
fn skipped_until(chars: &[char], at: usize) -> usize {
    let next = |offset: usize| chars.get(at + offset).copied();
    match chars[at] {
        '/' if next(1) == Some('/') => find(chars, at, '\n').unwrap_or(chars.len()),
        '/' if next(1) == Some('*') => end_of_block_comment(chars, at),
        '"' => end_of_string(chars, at + 1),
        'r' if !follows_name(chars, at) => end_of_raw_string(chars, at + 1).unwrap_or(at),
        'b' if !follows_name(chars, at) && next(1) == Some('r') => {
            end_of_raw_string(chars, at + 2).unwrap_or(at)
        }
        // A lifetime has no second quote; a character has it after one character or an escape.
        '\'' if next(1) == Some('\\') => {
            find(chars, at + 3, '\'').map_or(chars.len(), |end| end + 1)
        }
        '\'' if next(2) == Some('\'') => at + 3,
        _ => at,
    }
}

fn find(chars: &[char], from: usize, wanted: char) -> Option<usize> {
    (from..chars.len()).find(|at| chars[*at] == wanted)
}

fn follows_name(chars: &[char], at: usize) -> bool {
    at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_')
}

fn end_of_block_comment(chars: &[char], start: usize) -> usize {
    let mut depth = 0;
    let mut at = start;
    while at + 1 < chars.len() {
        match (chars[at], chars[at + 1]) {
            ('/', '*') => {
                depth += 1;
                at += 2;
            }
            ('*', '/') => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    chars.len()
}

fn end_of_string(chars: &[char], from: usize) -> usize {
    let mut at = from;
    while at < chars.len() {
        match chars[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    chars.len()
}

/// The end of a raw string whose hashes or quote start at `from`.
fn end_of_raw_string(chars: &[char], from: usize) -> Option<usize> {
    let hashes = chars[from..].iter().take_while(|c| **c == '#').count();
    if chars.get(from + hashes) != Some(&'"') {
        return None;
    }
    let mut at = from + hashes + 1;
    while let Some(quote) = find(chars, at, '"') {
        let closing = chars[quote + 1..].iter().take(hashes).take_while(|c| **c == '#').count();
        if closing == hashes {
            return Some(quote + 1 + hashes);
        }
        at = quote + 1;
    }
    Some(chars.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        code_of(text).split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn comments_go() {
        assert_eq!(words("a // b\nc /* d /* e */ f */ g"), ["a", "c", "g"]);
    }

    #[test]
    fn strings_go() {
        assert_eq!(words(r##"a "b \" c" d r#"e " f"# g br"h" i"##), ["a", "d", "g", "i"]);
        assert_eq!(words("bar\"x\" for"), ["bar", "for"]);
    }

    #[test]
    fn characters_go_and_lifetimes_stay() {
        assert_eq!(words("'a' b '\\'' c &'d e '\"' f"), ["b", "c", "&'d", "e", "f"]);
    }

    #[test]
    fn lines_stay_where_they_are() {
        assert_eq!(code_of("a /*\n*/\nb").lines().count(), 3);
    }

    #[test]
    fn unit_tests_are_left_out() {
        assert_eq!(code_without_tests("a\n#[cfg(test)]\nmod tests {\n b }"), "a\n");
    }
}
