//! A pager that is shared.

use std::cell::{Cell, RefCell};
use std::fmt::{self, Write};

use xtldr::console::{Console, Pager, Wait};
use xtterm::draw::{Size, Style, Surface};
use xtterm::key::Key;

use crate::support::console::{Event, Script};

/// A console on which somebody else prints whenever a key is waited for, as an event of the firmware may.
struct Interrupted {
    script: Script,
    pager: Cell<Option<&'static Pager<'static>>>,
    answers: RefCell<Vec<Option<fmt::Result>>>,
}

impl Console for Interrupted {
    fn size(&self) -> Size {
        self.script.size()
    }

    fn page(&self, draw: &mut dyn FnMut(&mut dyn Surface)) {
        self.script.page(draw);
    }

    fn roll(&self) {
        self.script.roll();
    }

    fn style(&self, style: Style) {
        self.script.style(style);
    }

    fn print(&self, text: &str) {
        self.script.print(text);
    }

    fn print_over(&self, line: &str, column: usize) {
        self.script.print_over(line, column);
    }

    fn key(&self, wait: Wait) -> Option<Key> {
        let answer = self.pager.get().unwrap().line(format_args!("out of an event"));
        self.answers.borrow_mut().push(answer);
        self.script.key(wait)
    }
}

#[test]
fn whoever_prints_while_the_pager_asks_finds_it_closed() {
    let console: &Interrupted = Box::leak(Box::new(Interrupted {
        script: Script::new(3, 40, [Event::Press(Key::Char(' '))]),
        pager: Cell::default(),
        answers: RefCell::default(),
    }));
    let pager: &Pager<'_> = Box::leak(Box::new(Pager::new(console)));
    console.pager.set(Some(pager));
    assert_eq!(pager.line(format_args!("nobody reads")), None);
    pager.open();
    let mut out = pager;
    out.write_str("one\ntwo\nthree\n").unwrap();
    assert_eq!(pager.line(format_args!("four")), Some(Ok(())));
    pager.close();
    assert_eq!(console.script.printed(), "one\ntwo\nthree\nfour\n");
    assert_eq!(*console.answers.borrow(), [None]);
    assert!(out.write_str("five").is_err());
}
