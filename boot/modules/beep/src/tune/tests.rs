//! What is a tune, what is none, and that nothing plays for ever.

use proptest::prelude::*;

use super::*;

fn notes(text: &str) -> Vec<(u32, u128)> {
    let tune = Tune::parse(text).unwrap();
    tune.notes().map(|note| (note.pitch.map_or(0, |pitch| pitch.0), note.length.as_millis())).collect()
}

#[test]
fn lengths_are_beats_of_the_tempo() {
    assert_eq!(notes("60 440 1"), [(440, 1000)]);
    assert_eq!(notes("  480 440 4\t349 3 0 1 "), [(440, 500), (349, 375), (0, 125)]);
}

#[test]
fn the_timer_divides_its_input() {
    assert_eq!(Pitch(440).divisor(), 2711);
    assert_eq!(Pitch(20).divisor(), 59659);
}

#[test]
fn what_is_no_tune_is_told_in_one_sentence() {
    let error = |text: &str| Tune::parse(text).unwrap_err();
    assert_eq!(error(""), TuneError::Empty);
    assert_eq!(error("  "), TuneError::Empty);
    assert_eq!(error("480"), TuneError::Empty);
    assert_eq!(error("480 la 4"), TuneError::NoNumber { word: 2 });
    assert_eq!(error("480 -1 4"), TuneError::NoNumber { word: 2 });
    assert_eq!(error("480 440 99999999999"), TuneError::NoNumber { word: 3 });
    assert_eq!(error("0 440 4"), TuneError::Tempo);
    assert_eq!(error("480 440 4 349"), TuneError::NoLength { note: 2 });
    assert_eq!(error("480 440 4 19 4"), TuneError::Pitch { note: 2, hertz: 19 });
    assert_eq!(error("60 440 6"), TuneError::Note { note: 1, length: Duration::from_secs(6) });
    assert_eq!(error("60 440 5 0 5 440 5 440 5 20 1"), TuneError::Length { length: Duration::from_secs(21) });
    assert!(error("60 440 6").to_string().contains("note 1 takes 6s"));
}

#[test]
fn the_greatest_numbers_do_not_overflow() {
    let text = format!("1 440 {0} 440 {0}", u32::MAX);
    assert!(matches!(Tune::parse(&text), Err(TuneError::Note { note: 1, .. })));
}

proptest! {
    #[test]
    fn any_text_is_a_bounded_tune_or_none(text in "[0-9a-z \u{a0}-]{0,60}") {
        if let Ok(tune) = Tune::parse(&text) {
            prop_assert!(tune.notes().map(|note| note.length).sum::<Duration>() <= MAX_LENGTH);
            prop_assert_eq!(tune.notes().count() * 2 + 1, text.split_ascii_whitespace().count());
        }
    }
}
