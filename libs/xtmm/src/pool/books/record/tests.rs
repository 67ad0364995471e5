//! A record says one thing at a time, and keeps what it is told.

use super::{Content, Slack};
use crate::pool::tags::Place;

/// Everything that a record of a free place can say.
fn free() -> impl Iterator<Item = Content> {
    let freed = (0..200).map(|bytes| Content::used(Place::OVERFLOW, Slack::of(bytes)).freed());
    let chained =
        (0..=256).flat_map(|next| [Content::FREE.chained(next), Content::FREE_FILLED.chained(next)]);
    freed.chain(chained).chain([Content::FREE, Content::FREE_FILLED])
}

#[test]
#[cfg_attr(miri, ignore = "every pattern is tried, and nothing here is unsafe")]
fn a_place_in_use_keeps_its_tag_and_slack() {
    for place in Place::all() {
        for bytes in 0..200 {
            let content = Content::used(place, Slack::of(bytes));
            assert_eq!(content.place(), Some(place));
            assert!(!content.is_free() && !content.is_ready());
            assert_eq!(content.freed_by(place), Some(content.freed()));
            assert_eq!(content.slack().exact(), (bytes < Slack::LONG).then_some(bytes));
            assert!(Place::all().all(|other| other == place || content.freed_by(other).is_none()));
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "every pattern is tried, and nothing here is unsafe")]
fn a_free_place_is_nobodys() {
    for content in free() {
        assert!(content.is_free());
        assert_eq!(content.place(), None);
        assert!(Place::all().all(|place| content.freed_by(place).is_none()));
    }
}

#[test]
#[cfg_attr(miri, ignore = "every pattern is tried, and nothing here is unsafe")]
fn a_freed_place_remembers_its_slack_until_it_is_chained() {
    for bytes in 1..200 {
        let freed = Content::used(Place::OVERFLOW, Slack::of(bytes)).freed();
        assert!(freed.is_ready() && !freed.is_filled());
        assert_eq!(freed.before_freed(), Some(Slack::of(bytes)));
        assert_eq!(freed.chained(7).before_freed(), None);
        assert_eq!(freed.chained(7).unchained(), Content::FREE);
    }
    assert_eq!(Content::FREE.before_freed(), None);
    assert_eq!(Content::FREE_FILLED.before_freed(), None);
}

#[test]
#[cfg_attr(miri, ignore = "every pattern is tried, and nothing here is unsafe")]
fn a_chained_place_keeps_its_link_and_whether_it_is_filled() {
    for next in 0..=256 {
        let (plain, filled) = (Content::FREE.chained(next), Content::FREE_FILLED.chained(next));
        assert_eq!((plain.next(), plain.is_filled(), plain.unchained()), (next, false, Content::FREE));
        assert_eq!(
            (filled.next(), filled.is_filled(), filled.unchained()),
            (next, true, Content::FREE_FILLED)
        );
        assert!(!plain.is_ready() && !filled.is_ready());
    }
}
