//! Which characters a cell can show.

/// What a terminal's characters are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Glyphs {
    /// UTF-8.
    Unicode,
    /// ASCII only; lines become `-`, `|` and `+`, as [`ascii`] says.
    Ascii,
}

/// Returns the character that stands for `character` in a cell: itself, or `?` for a control character, one that may be
/// wider than a cell, and one that joins another.
///
/// The rule is coarser than Unicode's, and needs no tables: Latin, Greek, Cyrillic, Hebrew and Arabic letters, and the
/// common signs, arrows, lines and blocks are shown.
#[must_use]
pub const fn glyph(character: char) -> char {
    match character {
        ' '..='~' | '\u{A0}'..='\u{AC}' | '\u{AE}'..='\u{2FF}' | '\u{370}'..='\u{482}' => character,
        '\u{48A}'..='\u{590}' | '\u{5D0}'..='\u{5F4}' | '\u{620}'..='\u{64A}' => character,
        // Signs without the invisible ones among them; behind the blocks begin the pictures.
        '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{205E}' | '\u{2070}'..='\u{20BF}' => character,
        '\u{2100}'..='\u{2319}' | '\u{2500}'..='\u{25FC}' => character,
        _ => '?',
    }
}

/// Returns what an ASCII terminal shows in the place of `character`.
#[must_use]
pub const fn ascii(character: char) -> char {
    match character {
        ' '..='~' => character,
        '─' | '═' | '━' => '-',
        '│' | '║' | '┃' => '|',
        '\u{2500}'..='\u{257F}' => '+',
        '↑' | '▲' => '^',
        '↓' | '▼' => 'v',
        '←' | '◄' => '<',
        '→' | '►' => '>',
        '…' => '~',
        '\u{A0}' => ' ',
        '–' | '—' => '-',
        '‘' | '’' => '\'',
        '“' | '”' => '"',
        '\u{2580}'..='\u{259F}' => '#',
        _ => '?',
    }
}
