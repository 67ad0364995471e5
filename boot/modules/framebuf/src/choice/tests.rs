//! Wishes, and what becomes of them.

use super::*;

const fn size(width: u32, height: u32) -> Size {
    Size { width, height }
}

const SMALL: Size = size(640, 480);
const MIDDLE: Size = size(1280, 800);
const LARGE: Size = size(2560, 1600);
const OFFERED: [Size; 3] = [SMALL, LARGE, MIDDLE];

fn chosen(wish: Wish, native: Option<Size>) -> Choice {
    choose(wish, OFFERED.into_iter(), MIDDLE, native)
}

#[test]
fn wishes_are_read() {
    assert_eq!("1280x800".parse(), Ok(Wish::Exactly(MIDDLE)));
    assert_eq!("640X480".parse(), Ok(Wish::Exactly(SMALL)));
    assert_eq!("Best".parse(), Ok(Wish::Best));
    assert_eq!("KEEP".parse(), Ok(Wish::Keep));
    for bad in ["", "x", "1x", "0x5", "5x0", "1280*800", "1280x800x32", "-1x5", "99999999999x1", "1280 x 800"]
    {
        assert_eq!(bad.parse::<Wish>(), Err(NoWish), "{bad}");
    }
}

#[test]
fn the_monitors_own_mode_is_best_if_it_is_offered() {
    assert_eq!(chosen(Wish::Best, Some(SMALL)), Choice::Set(SMALL));
    assert_eq!(chosen(Wish::Best, Some(MIDDLE)), Choice::Keep);
    assert_eq!(chosen(Wish::Best, Some(size(1, 1))), Choice::Set(LARGE));
    assert_eq!(chosen(Wish::Best, None), Choice::Set(LARGE));
}

#[test]
fn squares_are_for_those_who_ask() {
    let square = size(4096, 4096);
    let offered = [SMALL, square, LARGE, size(1280, 1024)];
    assert_eq!(choose(Wish::Best, offered.into_iter(), SMALL, None), Choice::Set(LARGE));
    assert_eq!(choose(Wish::Exactly(square), offered.into_iter(), SMALL, None), Choice::Set(square));
    assert_eq!(
        choose(Wish::Best, [size(1280, 1024)].into_iter(), SMALL, None),
        Choice::Set(size(1280, 1024))
    );
}

#[test]
fn without_modes_the_one_that_is_on_stays() {
    assert_eq!(choose(Wish::Best, [].into_iter(), MIDDLE, Some(LARGE)), Choice::Keep);
}

#[test]
fn only_what_is_offered_is_set() {
    assert_eq!(chosen(Wish::Exactly(SMALL), None), Choice::Set(SMALL));
    assert_eq!(chosen(Wish::Exactly(MIDDLE), None), Choice::Keep);
    assert_eq!(chosen(Wish::Exactly(size(641, 480)), None), Choice::NotOffered(size(641, 480)));
    assert_eq!(chosen(Wish::Keep, Some(LARGE)), Choice::Keep);
}
