//! Pictures with the kernel's colours, and every way of not being one.

use super::*;

/// A picture of 40 by 50 pixels, of which the first `ink` are ink and the rest paper.
fn picture(paper: Colour, ink: usize) -> Vec<u8> {
    let mut file = b"P6\n40 50\n255\n".to_vec();
    for index in 0..2000 {
        let Colour(red, green, blue) = if index < ink { INK } else { paper };
        file.extend([red, green, blue]);
    }
    file
}

fn judged(file: &[u8], paper: Paper) -> Result<(), ScreenError> {
    Picture::parse(file)?.shows_text_on(paper)
}

#[test]
fn text_on_the_right_paper_is_recognised() {
    for paper in [Paper::Log, Paper::Stop] {
        assert_eq!(judged(&picture(paper.colour(), 600), paper), Ok(()));
    }
}

#[test]
fn the_other_paper_is_not_mistaken_for_it() {
    let wrong = ScreenError::WrongPaper { paper: 0, pixels: 2000 };
    assert_eq!(judged(&picture(Paper::Log.colour(), 600), Paper::Stop), Err(wrong));
    assert_eq!(judged(&picture(Colour(0, 0, 0), 600), Paper::Log), Err(wrong));
}

#[test]
fn paper_must_be_most_of_the_picture() {
    let half = ScreenError::WrongPaper { paper: 1000, pixels: 2000 };
    assert_eq!(judged(&picture(Paper::Stop.colour(), 1000), Paper::Stop), Err(half));
    assert_eq!(judged(&picture(Paper::Stop.colour(), 999), Paper::Stop), Ok(()));
}

#[test]
fn an_empty_screen_says_nothing() {
    for ink in [0, INK_REQUIRED - 1] {
        let empty = picture(Paper::Stop.colour(), ink);
        assert_eq!(judged(&empty, Paper::Stop), Err(ScreenError::NoInk { ink }));
    }
}

#[test]
fn soft_edges_count_as_ink_from_the_middle_on() {
    let edges = |edge: Colour| {
        let mut file = picture(Paper::Stop.colour(), 0);
        let Colour(red, green, blue) = edge;
        file[13..13 + 3 * INK_REQUIRED].copy_from_slice(&[red, green, blue].repeat(INK_REQUIRED));
        judged(&file, Paper::Stop)
    };
    assert_eq!(edges(Colour(113, 135, 177)), Ok(()));
    for faint in [Colour(112, 135, 177), Colour(113, 134, 177), Colour(113, 135, 176)] {
        assert_eq!(edges(faint), Err(ScreenError::NoInk { ink: 0 }));
    }
}

#[test]
fn what_is_no_picture_is_refused() {
    let whole = picture(Paper::Log.colour(), 600);
    let replaced = |from: &str, to: &str| {
        let text = String::from_utf8_lossy(&whole[..13]).replace(from, to);
        [text.as_bytes(), &whole[13..]].concat()
    };
    for file in [
        Vec::new(),
        b"P6".to_vec(),
        b"P6\n0 0\n255\n".to_vec(),
        whole[..whole.len() - 3].to_vec(),
        replaced("P6", "P5"),
        replaced("255", "254"),
        replaced("40 50", "40 51"),
        replaced("40 50", "99999999999999999 99999999999999999"),
        replaced("40 50", "forty"),
    ] {
        assert_eq!(Picture::parse(&file), Err(ScreenError::NotAPicture));
    }
}
