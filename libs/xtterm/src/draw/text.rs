//! Text in rows: cut, padded, centred, wrapped.

use super::{Flow, Place, Step, Surface};

/// Stands at the end of a text that is cut.
const CUT: &str = "…";

/// Draws `text` into `width` cells from `at`: cut with a mark where it is longer, followed by spaces where it is shorter.
pub fn row(surface: &mut dyn Surface, at: Place, width: u16, text: &str) {
    let width = usize::from(width);
    surface.place(at);
    let length = text.chars().count();
    if length <= width {
        surface.text(text);
        spaces(surface, width - length);
    } else if let Some(room) = width.checked_sub(1) {
        surface.text(first(text, room));
        surface.text(CUT);
    }
}

/// Draws `text` into the middle of `width` cells from `at`, cut where it is longer.
pub fn centred(surface: &mut dyn Surface, at: Place, width: u16, text: &str) {
    let length = u16::try_from(text.chars().count()).unwrap_or(u16::MAX);
    let left = width.saturating_sub(length) / 2;
    surface.place(at);
    spaces(surface, usize::from(left));
    row(surface, Place { column: at.column.saturating_add(left), ..at }, width - left, text);
}

fn spaces(surface: &mut dyn Surface, mut count: usize) {
    const SPACES: &str = "                                ";
    while count > 0 {
        let some = count.min(SPACES.len());
        surface.text(first(SPACES, some));
        count -= some;
    }
}

/// Returns the first so many characters.
fn first(text: &str, characters: usize) -> &str {
    let end = text.char_indices().nth(characters).map_or(text.len(), |(at, _)| at);
    text.get(..end).unwrap_or_default()
}

/// Returns the lines of at most `width` characters that `text` makes, broken at spaces where there are any and at line
/// feeds. Lines end without spaces. A width of zero counts as one.
#[must_use]
pub fn wrap(text: &str, width: u16) -> Lines<'_> {
    Lines { rest: Some(text), width: usize::from(width.max(1)) }
}

/// See [`wrap`].
#[derive(Clone, Debug)]
pub struct Lines<'t> {
    rest: Option<&'t str>,
    width: usize,
}

impl<'t> Iterator for Lines<'t> {
    type Item = &'t str;

    fn next(&mut self) -> Option<&'t str> {
        let rest = self.rest?;
        let mut flow = Flow::flush(self.width);
        let end = rest.char_indices().find_map(|(at, character)| match character {
            '\n' => Some((at, at + 1)),
            _ => match flow.put(character) {
                Step::Next { moves, .. } => {
                    let end = first(rest, moves.start).len();
                    Some((end, if moves.is_empty() { at } else { end }))
                }
                Step::Here(_) | Step::Nowhere => None,
            },
        });
        let (end, behind) = end.unzip();
        let line = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        self.rest = behind.and_then(|at| rest.get(at..));
        Some(line.trim_end())
    }
}
