//! Processors in packages, cores and threads, as CPUID describes them.

use super::Topology;

/// A machine with `leaf` as its highest, whose levels are (bits, kind) pairs, and a processor of that ID.
fn machine(leaf: u32, levels: &'static [(u32, u32)], id: u32) -> impl Fn(u32, u32) -> [u32; 4] {
    move |asked, subleaf| match asked {
        0 => [leaf, 0, 0, 0],
        1 => [0, id << 24, 0, 0],
        _ if asked == leaf => match levels.get(subleaf as usize) {
            Some((bits, kind)) => [*bits, 1, kind << 8 | subleaf, id],
            None => [0, 0, subleaf, id],
        },
        _ => [0; 4],
    }
}

#[test]
fn two_threads_share_a_core_and_its_package() {
    let seat = |id| Topology::read(machine(0x0B, &[(1, 1), (3, 2)], id));
    assert_eq!(seat(0b101), Topology { id: 0b101, core: 0b10, package: 0, thread: 1 });
    assert_eq!(seat(0b100).core, seat(0b101).core);
    assert_ne!(seat(0b110).core, seat(0b101).core);
    assert_eq!(seat(0b1001).package, 1);
}

#[test]
fn a_leaf_with_dies_ends_the_package_above_them() {
    let seat = Topology::read(machine(0x1F, &[(1, 1), (4, 2), (6, 5)], 0x7F));
    assert_eq!(seat, Topology { id: 0x7F, core: 0x3F, package: 1, thread: 1 });
}

#[test]
fn one_thread_a_core_is_a_core_by_itself() {
    let seat = Topology::read(machine(0x0B, &[(0, 1), (2, 2)], 3));
    assert_eq!(seat, Topology { id: 3, core: 3, package: 0, thread: 0 });
}

#[test]
fn a_processor_without_the_leaves_sits_alone() {
    assert_eq!(Topology::read(machine(1, &[], 9)), Topology { id: 9, core: 9, package: 9, thread: 0 });
}

#[test]
fn a_leaf_that_means_nothing_is_not_believed() {
    assert_eq!(Topology::read(machine(0x0B, &[], 9)), Topology { id: 9, core: 9, package: 9, thread: 0 });
}

/// A processor without the leaves that describe levels: identifiers in a package, cores that leaf 4 tells, and whether leaf
/// 80000001H says that each is a core.
fn counted(ids: u32, cores: Option<u32>, are_cores: bool, id: u32) -> Topology {
    Topology::read(|leaf, _| match leaf {
        0 => [4, 0, 0, 0],
        1 => [0, id << 24 | ids << 16, 0, 1 << 28],
        4 => cores.map_or([0; 4], |cores| [(cores - 1) << 26 | 1, 0, 0, 0]),
        0x8000_0000 => [0x8000_0008, 0, 0, 0],
        0x8000_0001 => [0, 0, u32::from(are_cores) << 1, 0],
        _ => [0; 4],
    })
}

#[test]
fn an_older_processor_tells_how_many_share_what() {
    assert_eq!(counted(2, None, false, 3), Topology { id: 3, core: 1, package: 1, thread: 1 });
    assert_eq!(counted(2, Some(2), false, 3), Topology { id: 3, core: 3, package: 1, thread: 0 });
    assert_eq!(counted(4, Some(2), false, 7), Topology { id: 7, core: 3, package: 1, thread: 1 });
    assert_eq!(counted(4, None, true, 7), Topology { id: 7, core: 7, package: 1, thread: 0 });
    // Three cores have the identifiers of four.
    assert_eq!(counted(3, Some(3), false, 6), Topology { id: 6, core: 6, package: 1, thread: 0 });
    // More cores than there are identifiers is nonsense, and no reason to lose one's way.
    assert_eq!(counted(2, Some(64), false, 3), Topology { id: 3, core: 3, package: 1, thread: 0 });
}

#[test]
fn levels_without_end_are_not_followed_for_ever() {
    let endless = |asked: u32, _| match asked {
        0 => [0x0B, 0, 0, 0],
        _ => [0xFFFF_FFFF, 1, 0x0100, 5],
    };
    let seat = Topology::read(endless);
    assert_eq!((seat.core, seat.package), (5 >> 31, 5 >> 31));
}
