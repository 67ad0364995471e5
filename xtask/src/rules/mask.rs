//! Rust source without its comments and literals, so that the rules see only code.
//!
//! Guarantee: the result has the same lines as the input, and code stands where it stood.

/// Returns `text` with every comment and every string or character literal replaced by blanks.
pub(super) fn code_of(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut word_before = false;
    while let Some(first) = rest.chars().next() {
        let length = literal(rest, word_before).unwrap_or(0);
        if length == 0 {
            out.push(first);
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
            word_before = first.is_alphanumeric() || first == '_';
        } else {
            let (blank, after) = rest.split_at(length);
            out.extend(blank.chars().map(|one| if one == '\n' { '\n' } else { ' ' }));
            rest = after;
            word_before = false;
        }
    }
    out
}

/// The length of the comment or literal that `text` begins with, if it begins with one.
fn literal(text: &str, word_before: bool) -> Option<usize> {
    if text.starts_with("//") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    if text.starts_with("/*") {
        return Some(block_comment(text));
    }
    if text.starts_with('\'') {
        return character(text);
    }
    let prefix = text.find(|one: char| !matches!(one, 'b' | 'c' | 'r'))?;
    let (letters, quoted) = text.split_at(prefix);
    if letters.len() > 2 || (word_before && !letters.is_empty()) {
        return None;
    }
    if letters.ends_with('r') {
        return raw_string(quoted).map(|length| prefix + length);
    }
    quoted.starts_with('"').then(|| prefix + string(quoted))
}

/// Block comments nest in Rust.
fn block_comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// A lifetime also begins with a quote, but has no quote behind one character.
fn character(text: &str) -> Option<usize> {
    let inside = text.get(1..)?;
    let first = inside.chars().next()?;
    if first == '\\' {
        let end = inside.get(2..)?.find('\'')?;
        return Some(1 + 2 + end + 1);
    }
    inside.get(first.len_utf8()..)?.starts_with('\'').then(|| 1 + first.len_utf8() + 1)
}

fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, one) in text.char_indices().skip(1) {
        match one {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn raw_string(text: &str) -> Option<usize> {
    let hashes = text.find(|one| one != '#')?;
    let inside = text.get(hashes..)?.strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let length = inside.find(&end).map_or(inside.len(), |at| at + end.len());
    Some(hashes + 1 + length)
}
