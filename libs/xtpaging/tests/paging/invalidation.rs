//! What an obligation makes processors forget. Each story has its control: with a part left out, something is stale.

use xtcore::{Level, PAGE_BYTES, PagingMode, VirtAddr};
use xtpaging::{Attributes, Invalidation, Limbo, Protection, Tables, Tlb, TlbObligation};

use crate::support::{
    CpuTlb, EVERYTHING, Machine, Way, in_every_mode, kernel_area, large_pages, mapping, range,
};

in_every_mode! {
    an_unmap_that_is_not_discharged_leaves_stale_pages,
    the_alias_of_a_freed_table_must_be_forgotten,
    the_alias_below_a_large_page_must_be_forgotten,
    a_new_protection_of_a_large_page_reaches_its_alias,
    a_split_names_the_whole_large_page,
    a_merge_names_the_large_page_only,
    pages_alone_name_no_alias,
    an_alias_cached_under_a_large_page_does_not_survive_a_split,
}

/// Forgets nothing.
struct Deaf;

impl Tlb for Deaf {
    fn invalidate(&mut self, _what: &Invalidation<'_>) {}
}

/// Forgets the pages and the paging-structure caches, and overlooks the self-map.
struct PagesOnly<'m>(&'m Machine);

impl Tlb for PagesOnly<'_> {
    fn invalidate(&mut self, what: &Invalidation<'_>) {
        let range = what.range();
        for address in what.addresses().filter(|address| range.contains(*address)) {
            self.0.cpu.borrow_mut().invlpg(address);
        }
    }
}

fn large(mode: PagingMode) -> u64 {
    large_pages(mode) * PAGE_BYTES
}

/// Unmaps a range that is one batch, and returns what that owes.
fn unmapped<'m, T: Tables>(
    machine: &'m Machine,
    start: u64,
    pages: u64,
    (tables, limbo): &'m mut (T, Limbo),
) -> TlbObligation<'m, 'm> {
    let mut cursor = machine.space.cursor(tables, range(start, pages)).expect("pages");
    cursor.unmap(&mut machine.frames.clone(), limbo).expect("mapped pages").expect("a batch")
}

fn stale(machine: &Machine) -> Vec<VirtAddr> {
    machine.cpu.borrow().stale_entries(&*machine.ram.borrow()).iter().map(|stale| stale.va).collect()
}

/// A machine with `pages` pages mapped and the first of them touched.
fn touched(mode: PagingMode, pages: u64) -> Machine {
    let machine = Machine::new(mode, EVERYTHING, Way::ByFrame);
    machine.map(&mapping(kernel_area(mode), pages, large_pages(mode), Attributes::KERNEL_DATA));
    machine.touch(VirtAddr::new(kernel_area(mode)));
    machine.assert_nothing_stale();
    machine
}

fn an_unmap_that_is_not_discharged_leaves_stale_pages(mode: PagingMode) {
    let machine = touched(mode, 1);
    let mut place = (machine.tables(), Limbo::new());
    let owed = unmapped(&machine, kernel_area(mode), 1, &mut place);
    assert!(stale(&machine).contains(&VirtAddr::new(kernel_area(mode))));
    let freed = owed.discharge(&mut Deaf);
    assert!(!stale(&machine).is_empty(), "a discharge to nobody changes nothing");
    assert_eq!(freed.frames().len(), 1);
}

fn the_alias_of_a_freed_table_must_be_forgotten(mode: PagingMode) {
    let machine = touched(mode, 1);
    let alias = machine.space.self_map().table_address(Level::PT, VirtAddr::new(kernel_area(mode)));
    let mut place = (machine.tables(), Limbo::new());
    let owed = unmapped(&machine, kernel_area(mode), 1, &mut place);
    assert!(owed.invalidation().changes_tables());
    let freed = owed.discharge(&mut PagesOnly(&machine));
    assert!(!freed.tables().is_empty());
    let region = machine.space.self_map().region();
    let stale = stale(&machine);
    assert!(stale.iter().all(|va| region.contains(*va)), "{stale:?}");
    assert!(stale.contains(&alias.expect("an alias")), "{stale:?}");

    let machine = touched(mode, 1);
    let mut place = (machine.tables(), Limbo::new());
    let _freed =
        unmapped(&machine, kernel_area(mode), 1, &mut place).discharge(&mut CpuTlb { machine: &machine });
    machine.assert_nothing_stale();
}

/// Where a large page is, the self-map shows its data in the place of a page table.
fn the_alias_below_a_large_page_must_be_forgotten(mode: PagingMode) {
    // A second large page keeps the directory, so that no table is freed.
    let machine = touched(mode, 2 * large_pages(mode));
    let mut place = (machine.tables(), Limbo::new());
    let _freed = unmapped(&machine, kernel_area(mode), large_pages(mode), &mut place)
        .discharge(&mut PagesOnly(&machine));
    let alias = machine.space.self_map().table_address(Level::PT, VirtAddr::new(kernel_area(mode)));
    assert_eq!(stale(&machine), [alias.expect("an alias")]);

    let machine = touched(mode, 2 * large_pages(mode));
    let mut place = (machine.tables(), Limbo::new());
    let owed = unmapped(&machine, kernel_area(mode), large_pages(mode), &mut place);
    assert_eq!(owed.invalidation().count(), 2, "the page and its alias");
    let freed = owed.discharge(&mut CpuTlb { machine: &machine });
    assert!(freed.tables().is_empty());
    machine.assert_nothing_stale();
}

fn a_new_protection_of_a_large_page_reaches_its_alias(mode: PagingMode) {
    let machine = touched(mode, large_pages(mode));
    let mut tables = machine.tables();
    let pages = range(kernel_area(mode), large_pages(mode));
    let mut cursor = machine.space.cursor(&mut tables, pages).expect("pages");
    let read_only = Attributes::KERNEL_DATA.with_protection(Protection::Read);
    let owed = cursor.protect(&mut machine.frames.clone(), read_only).expect("mapped pages");
    let _nothing = owed.discharge(&mut PagesOnly(&machine));
    assert_eq!(stale(&machine).len(), 1, "the alias can still be written through");
}

fn a_split_names_the_whole_large_page(mode: PagingMode) {
    let machine = touched(mode, 3 * large_pages(mode));
    let mut tables = machine.tables();
    let middle = kernel_area(mode) + 5 * PAGE_BYTES;
    // From inside the first large page to inside the third.
    let pages = range(middle, 2 * large_pages(mode));
    let mut cursor = machine.space.cursor(&mut tables, pages).expect("pages");
    let owed = cursor.split_ends(&mut machine.frames.clone()).expect("frames").expect("two large pages");
    assert_eq!(owed.invalidation().range(), range(kernel_area(mode), 3 * large_pages(mode)));
    assert!(machine.discharge(owed).is_empty());
    machine.assert_nothing_stale();
}

fn a_merge_names_the_large_page_only(mode: PagingMode) {
    let mut limbo = Limbo::new();
    let machine = touched(mode, 3 * large_pages(mode));
    let mut tables = machine.tables();
    let pages = range(kernel_area(mode), 2 * large_pages(mode) + 1);
    let mut cursor = machine.space.cursor(&mut tables, range(kernel_area(mode), 1)).expect("a page");
    let split = cursor.split_ends(&mut machine.frames.clone()).expect("frames").expect("a large page");
    assert!(machine.discharge(split).is_empty());
    machine.touch(VirtAddr::new(kernel_area(mode) + 0x3000));
    let mut cursor = machine.space.cursor(&mut tables, pages).expect("pages");
    let owed = cursor.merge(Level::PD, &mut limbo).expect("the pages of one large page");
    assert_eq!(owed.invalidation().range(), range(kernel_area(mode), large_pages(mode)));
    assert!(machine.discharge(owed).is_empty());
    machine.assert_nothing_stale();
}

fn pages_alone_name_no_alias(mode: PagingMode) {
    let machine = touched(mode, 20);
    let mut place = (machine.tables(), Limbo::new());
    let owed = unmapped(&machine, kernel_area(mode), 7, &mut place);
    assert!(!owed.invalidation().changes_tables());
    let expected: Vec<_> = (0..7).map(|page| VirtAddr::new(kernel_area(mode) + page * PAGE_BYTES)).collect();
    assert_eq!(owed.invalidation().addresses().collect::<Vec<_>>(), expected);
    let _freed = owed.discharge(&mut CpuTlb { machine: &machine });
}

/// A protect splits and goes on through the self-map before anybody has discharged the split.
fn an_alias_cached_under_a_large_page_does_not_survive_a_split(mode: PagingMode) {
    let machine = Machine::new(mode, EVERYTHING, Way::BySelfMap);
    let at = kernel_area(mode);
    machine.map(&mapping(at, large_pages(mode), large_pages(mode), Attributes::KERNEL_DATA));
    let (inside, behind) = (at + 3 * PAGE_BYTES, at + large(mode) - PAGE_BYTES);
    machine.touch(VirtAddr::new(inside));
    machine.touch(VirtAddr::new(behind));
    let mut tables = machine.tables();
    let mut cursor = machine.space.cursor(&mut tables, range(inside, 2)).expect("pages");
    // The harness's tables refuse to write anywhere but into the table.
    let owed = cursor.protect(&mut machine.frames.clone(), Attributes::KERNEL_READ_ONLY).expect("frames");
    assert!(machine.discharge(owed).is_empty());
    machine.assert_nothing_stale();
}
