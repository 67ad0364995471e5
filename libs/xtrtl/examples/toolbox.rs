//! A tour of the runtime library: a bitmap, a list of what others own, text of a firmware's width, and a date.

use std::pin::pin;

use xtrtl::bitmap::{Bit, Bitmap, words_for};
use xtrtl::guid::guid;
use xtrtl::hash::{Digest, Sha1};
use xtrtl::list::{Entry, List};
use xtrtl::text::{self, Base};
use xtrtl::time::DateTime;

fn main() {
    // Pages of a small disk, a bit for each: take four in a row from page 10 on, and mind what is in use.
    let mut words = [0_u64; words_for(100)];
    let mut pages = Bitmap::new(&mut words[..], 100).expect("there are enough words");
    pages.fill(8..12, Bit::Set).expect("they are in the map");
    let taken = pages.take(Bit::Clear, 4, 10).expect("there is room");
    println!(
        "four pages from {taken} on; {} in use",
        pages.count(0..100, Bit::Set).expect("the map has 100")
    );

    // A list holds entries that somebody else owns, and allocates nothing. An entry knows which list it is in.
    let [first, second] = [Entry::new("first"), Entry::new("second")];
    let mut list = pin!(List::new());
    list.as_mut().push(&second).expect("it is in no list");
    list.as_mut().push_first(&first).expect("it is in no list");
    println!("in order: {:?}", list.iter().collect::<Vec<_>>());
    println!("a second time: refused {}", list.as_mut().push(&first).is_err());

    // Firmware and NT speak UTF-16. The same functions serve bytes.
    let path: Vec<u16> = "\\XTOS\\xtoskrnl.exe".encode_utf16().collect();
    let beginning: Vec<u16> = "\\xtos\\".encode_utf16().collect();
    println!("starts with \\xtos\\: {}", text::starts_with_ignore_case(&path, &beginning));
    println!("0x1F4 is {}", text::parse(b"1F4", Base::Hexadecimal).expect("digits"));

    // NT counts in 100 ns from 1601 on, Unix in seconds from 1970.
    let date = DateTime::parse("2031-02-03T04:05:06").expect("a date");
    println!("{date} is {} for NT and {} for Unix", date.since_1601(), date.since_1970());

    // What comes from well-kept crates is found here, too.
    println!("GUID {}", guid!("c12a7328-f81f-11d2-ba4b-00a0c93ec93b"));
    println!("SHA-1 begins with {:02x?}", &Sha1::digest(b"abc")[..4]);
}
