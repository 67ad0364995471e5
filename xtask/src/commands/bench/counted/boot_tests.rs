//! The benchmark's page.

use xtcore::PagingMode;

use super::{Cell, Cost, Giants, page, plot, ratio};

/// A boot of which only the kernel's figure matters.
const fn costing(kernel: u64) -> Cost {
    Cost { kernel, loader: 7, in_use: 528, descriptors: 126, pairs: [3100, 100] }
}

#[test]
fn a_ratio_is_never_rounded_in_our_favour() {
    assert_eq!(ratio(100, 100), "1.00");
    assert_eq!(ratio(1_100_001, 1_000_000), "1.11");
    assert_eq!(ratio(30, 1), "30.00");
}

#[test]
fn each_size_is_a_row_and_each_mode_a_column_with_its_own_base() {
    let cell = |mode, size: &str| Cell { mode, memory: size.parse().unwrap(), giants: Giants::Present };
    let rows = [
        (cell(PagingMode::Pml2, "256M"), costing(1000)),
        (cell(PagingMode::Pml4, "256M"), costing(2000)),
        (Cell { giants: Giants::Absent, ..cell(PagingMode::Pml4, "256M") }, costing(2200)),
        (Cell { giants: Giants::LeftAlone, ..cell(PagingMode::Pml4, "256M") }, costing(2100)),
        (Cell { giants: Giants::LeftAlone, ..cell(PagingMode::Pml4, "12T") }, costing(4200)),
        (cell(PagingMode::Pml2, "1G"), costing(1100)),
        (cell(PagingMode::Pml4, "1G"), costing(4000)),
        (cell(PagingMode::Pml4, "1T"), costing(2000)),
    ];
    let page = page(&rows);
    assert!(page.contains("| RAM | pml2 | pml3 | pml4 | pml5 |"), "{page}");
    assert!(page.contains("| 256M | 1000 (1.00) | | 2000 (1.00) | |"), "{page}");
    assert!(page.contains("| 1G | 1100 (1.10) | | 4000 (2.00) | |"), "{page}");
    assert!(page.contains("| 1T | | | 2000 (1.00) | |"), "{page}");
    assert!(page.contains("| 1T | | | 7 (1.00) | |"), "{page}");
    assert!(page.contains("| 1T | | | 528 (126) | |"), "{page}");
    assert!(page.contains("| 1T | | | 31.00 | |"), "{page}");
    assert!(page.contains("| 256M | | | 2200 (1.00) | |"), "{page}");
    assert!(page.contains("| 256M | | | 2100 (1.00) | |\n| 12T | | | 4200 (2.00) | |\n"), "{page}");
}

#[test]
fn the_plot_has_a_line_for_each_mode_and_a_point_for_each_size() {
    let cell = |mode, size: &str, giants| Cell { mode, memory: size.parse().unwrap(), giants };
    let rows = [
        (cell(PagingMode::Pml2, "256M", Giants::Present), costing(1_400_000)),
        (cell(PagingMode::Pml4, "256M", Giants::Present), costing(790_000)),
        (cell(PagingMode::Pml4, "256M", Giants::Absent), costing(780_000)),
        (cell(PagingMode::Pml2, "16G", Giants::Present), costing(1_380_000)),
        (cell(PagingMode::Pml4, "12T", Giants::Present), costing(740_000)),
    ];
    let svg = plot(&rows);
    assert_eq!(svg.matches("<polyline").count(), 2, "{svg}");
    assert_eq!(svg.matches("<circle").count(), 4, "{svg}");
    for named in ["256M", "16G", "12T", "pml2", "pml4"] {
        assert!(svg.contains(&format!(">{named}</text>")), "{named}");
    }
    assert!(!svg.contains("pml5"), "no boot, no line");
    assert!(page(&rows).contains("](boot.svg)"));
}
