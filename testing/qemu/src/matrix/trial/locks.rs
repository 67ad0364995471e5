//! Locks, levels and the protocol between processors, used against their rules; and the builds that watch them.

use super::{Expectation, KernelBuild, PLAIN, Trial, Turns};

const fn stop(
    name: &'static str,
    parameters: &'static str,
    code: u64,
    first: &'static [u64],
    (level, words): (&'static str, &'static [&'static str]),
) -> Trial {
    let expectation = Expectation::BugCheck { code, parameters: first, level, words };
    Trial { name, parameters, turns: Turns::EachArchitecture, expectation, ..PLAIN }
}

/// What only a checked build finds. It is the same code in every mode.
const fn checked(trial: Trial) -> Trial {
    Trial { build: KernelBuild::Checked, turns: Turns::Once, ..trial }
}

/// The trials.
pub(super) const TRIALS: [Trial; 12] = [
    Trial { name: "checked", build: KernelBuild::Checked, processors: 4, turns: Turns::EachMode, ..PLAIN },
    stop("wait-raised", "CRIME=wait-raised", 0xB8, &[2], ("dispatch", &["a wait at run level dispatch"])),
    stop(
        "lock-twice",
        "CRIME=lock-twice",
        0x0F,
        &[],
        ("dispatch", &["outer lock of a crime", "which it holds"]),
    ),
    stop(
        "lock-freed",
        "CRIME=lock-freed",
        0xC4,
        &[0x1007],
        ("dispatch", &["short-lived lock", "while it was held"]),
    ),
    stop(
        "level-out-of-order",
        "CRIME=level-out-of-order",
        0xC8,
        &[1 << 8, 1],
        ("passive", &["not the latest one"]),
    ),
    Trial {
        processors: 2,
        ..stop("unmap-masked", "CRIME=unmap-masked", 0xC4, &[0x3A], ("dispatch", &["interrupts off"]))
    },
    Trial {
        processors: 2,
        ..stop(
            "unmap-raised",
            "CRIME=unmap-raised",
            0x0A,
            &[0, 3, 2],
            ("device", &["translations", "device"]),
        )
    },
    checked(stop(
        "lock-inversion",
        "CRIME=lock-inversion",
        0xC4,
        &[0x1001],
        ("dispatch", &["the other way round"]),
    )),
    checked(stop("lock-not-held", "CRIME=lock-not-held", 0x10, &[], ("passive", &["does not hold it"]))),
    checked(stop(
        "lock-freed-in-pool",
        "CRIME=lock-freed-in-pool",
        0xC4,
        &[0x1007],
        ("dispatch", &["lock in a pool"]),
    )),
    checked(stop("lock-above", "CRIME=lock-above", 0x0A, &[0, 3, 2], ("device", &["SpinLock::lock"]))),
    checked(stop("memory-above", "CRIME=memory-above", 0x0A, &[0, 3, 2], ("device", &["memory manager"]))),
];
