//! Page tables in a plain buffer: map, translate and unmap in all four modes, with nothing but this crate.
//!
//! A machine's physical memory is here a `Vec<u64>` of a few pages. What the engine wants of it are two small traits:
//! [`Tables`] reaches single entries, [`Frames`] sets pages aside for new tables.

use xtcore::{Frame, FrameCount, Level, PAGE_BYTES, PagingMode, VirtAddr, VirtRange};
use xtpaging::entry::Format;
use xtpaging::walk::translate;
use xtpaging::{
    AddressSpace, Attributes, Capabilities, Frames, Invalidation, Limbo, Mapping, OutOfFrames, Reservation,
    SelfMap, Support, TablePlace, Tables, Tlb,
};

/// Physical memory from address 0 on. Entries of 4 bytes (PML2) share a word with their neighbour.
struct Memory {
    words: Vec<u64>,
    entry_bytes: u64,
}

impl Memory {
    fn new(mode: PagingMode, frames: u64) -> Self {
        let words = vec![0; (frames * PAGE_BYTES / 8) as usize];
        Self { words, entry_bytes: mode.geometry().entry_bytes() }
    }

    /// The word that holds an entry, how far up in it the entry begins, and which bits of it are the entry's.
    fn place(&self, frame: Frame, index: usize) -> (usize, u32, u64) {
        let at = frame.address().get() + index as u64 * self.entry_bytes;
        let mask = if self.entry_bytes == 4 { 0xFFFF_FFFF } else { u64::MAX };
        ((at / 8) as usize, (at % 8 * 8) as u32, mask)
    }

    fn read(&self, frame: Frame, index: usize) -> u64 {
        let (word, shift, mask) = self.place(frame, index);
        self.words[word] >> shift & mask
    }

    fn write(&mut self, frame: Frame, index: usize, value: u64) {
        let (word, shift, mask) = self.place(frame, index);
        self.words[word] = self.words[word] & !(mask << shift) | value << shift;
    }
}

/// Tables are reached by their frames, as a boot loader does it. No processor walks them here, so nothing is atomic.
impl Tables for Memory {
    fn load(&self, place: TablePlace, index: usize) -> u64 {
        self.read(place.frame, index)
    }

    fn publish(&mut self, place: TablePlace, index: usize, value: u64) {
        self.write(place.frame, index, value);
    }

    fn exchange(&mut self, place: TablePlace, index: usize, value: u64) -> u64 {
        let before = self.read(place.frame, index);
        self.write(place.frame, index, value);
        before
    }

    fn compare_exchange(
        &mut self,
        place: TablePlace,
        index: usize,
        current: u64,
        new: u64,
    ) -> Result<(), u64> {
        match self.read(place.frame, index) {
            found if found == current => {
                self.write(place.frame, index, new);
                Ok(())
            }
            found => Err(found),
        }
    }

    fn zero(&mut self, frame: Frame) {
        let first = (frame.address().get() / 8) as usize;
        self.words[first..first + (PAGE_BYTES / 8) as usize].fill(0);
    }

    fn initialise(&mut self, frame: Frame, index: usize, value: u64) {
        self.write(frame, index, value);
    }
}

/// Frames for tables: the next ones, one after another. Setting aside can fail, taking cannot.
struct NextFrames {
    next: u64,
    end: u64,
}

impl Frames for NextFrames {
    type Reservation = Reserved;

    fn reserve(&mut self, count: FrameCount) -> Result<Reserved, OutOfFrames> {
        let available = FrameCount::new(self.end - self.next);
        if count > available {
            return Err(OutOfFrames { wanted: count, available });
        }
        let first = self.next;
        self.next += count.get();
        Ok(Reserved { frames: first..self.next })
    }
}

struct Reserved {
    frames: std::ops::Range<u64>,
}

impl Reservation for Reserved {
    fn take(&mut self) -> Option<Frame> {
        self.frames.next().map(Frame::new)
    }
}

/// Nobody caches translations of these tables; a kernel would execute INVLPG, and ask the other processors to.
struct NoTlb;

impl Tlb for NoTlb {
    fn invalidate(&mut self, _: &Invalidation<'_>) {}
}

/// What the processor can do: a kernel asks CPUID.
const PROCESSOR: Capabilities = Capabilities {
    no_execute: Support::Present,
    global: Support::Present,
    large_pages: Support::Present,
    gigabyte_pages: Support::Present,
    physical_bits: 40,
};

fn main() {
    for mode in PagingMode::ALL {
        let mut memory = Memory::new(mode, 32);
        let mut frames = NextFrames { next: 1, end: 32 };
        let format = Format::new(mode, PROCESSOR);
        let space = AddressSpace::create(SelfMap::standard(mode), format, &mut memory, &mut frames)
            .expect("there are frames for the root");

        // Three pages more than a large one holds, so the range becomes one large page and three small ones.
        let large = mode.geometry().page_bytes(Level::PD);
        let start = VirtAddr::new(0x4000_0000);
        let pages = VirtRange::with_length(start, large + 3 * PAGE_BYTES).expect("it does not wrap");
        let mapping = Mapping {
            pages,
            first: Frame::new(0x10_000),
            attributes: Attributes::KERNEL_DATA,
            largest: mode.geometry().largest_page(),
        };
        // Looks, counts, and reserves exactly as many tables as it needs, before it changes anything.
        space.map(&mut memory, &mut frames, &mapping).expect("there are frames for the tables");

        let inside = VirtAddr::new(start.get() + large + 0x1234);
        let physical = translate(&space, &memory, inside).expect("the page is mapped");
        assert_eq!(physical.get(), 0x10_000 * PAGE_BYTES + large + 0x1234);

        // An unmap comes in batches. What it sets free may be used again only when no processor remembers it: the
        // obligation is the only way to the frames.
        let mut limbo = Limbo::new();
        let (mut freed, mut tables) = (0, 0);
        let mut cursor = space.cursor(&mut memory, pages).expect("a range of pages");
        while let Some(obligation) = cursor.unmap(&mut frames, &mut limbo).expect("every page is mapped") {
            let reclaimed = obligation.discharge(&mut NoTlb);
            freed += reclaimed.frames().iter().map(|run| run.count().get()).sum::<u64>();
            tables += reclaimed.tables().len();
        }
        assert_eq!(translate(&space, &memory, inside), None);
        println!(
            "{}: {:#x} is {:#x}; {freed} frames and {tables} tables came back",
            mode.name(),
            inside.get(),
            physical.get()
        );
    }
}
