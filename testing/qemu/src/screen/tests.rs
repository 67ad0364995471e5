//! Pictures with the kernel's colours, and every way of not being one.

use super::*;

/// A picture of 40 by 20 pixels, of which the first `ink` are ink and the rest paper.
fn picture(paper: Colour, ink: usize) -> Vec<u8> {
    let mut file = b"P6\n40 20\n255\n".to_vec();
    for index in 0..800 {
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
        assert_eq!(judged(&picture(paper.colour(), 150), paper), Ok(()));
    }
}

#[test]
fn the_other_paper_is_not_mistaken_for_it() {
    let wrong = ScreenError::WrongPaper { paper: 0, pixels: 800 };
    assert_eq!(judged(&picture(Paper::Log.colour(), 150), Paper::Stop), Err(wrong));
    assert_eq!(judged(&picture(Colour(0, 0, 0), 150), Paper::Log), Err(wrong));
}

#[test]
fn paper_must_be_most_of_the_picture() {
    let half = ScreenError::WrongPaper { paper: 400, pixels: 800 };
    assert_eq!(judged(&picture(Paper::Stop.colour(), 400), Paper::Stop), Err(half));
    assert_eq!(judged(&picture(Paper::Stop.colour(), 399), Paper::Stop), Ok(()));
}

#[test]
fn an_empty_screen_says_nothing() {
    for ink in [0, INK_REQUIRED - 1] {
        let empty = picture(Paper::Stop.colour(), ink);
        assert_eq!(judged(&empty, Paper::Stop), Err(ScreenError::NoInk { ink }));
    }
}

#[test]
fn what_is_no_picture_is_refused() {
    let whole = picture(Paper::Log.colour(), 150);
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
        replaced("40 20", "40 21"),
        replaced("40 20", "99999999999999999 99999999999999999"),
        replaced("40 20", "forty"),
    ] {
        assert_eq!(Picture::parse(&file), Err(ScreenError::NotAPicture));
    }
}
