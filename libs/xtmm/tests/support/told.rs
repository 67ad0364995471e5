//! What tests of failures on purpose tell: which sites were made to fail, and how often.

use xtmm::inject::Site;

/// Tells which of all sites a test has met, and how many failures it has survived. Whoever collects the lines of all tests sees
/// whether one is missing.
pub(crate) fn injection(seen: impl IntoIterator<Item = Site>, failures: usize) {
    let names = |sites: &mut dyn Iterator<Item = Site>| {
        sites.map(|site| format!("\"{}\"", site.name())).collect::<Vec<_>>().join(",")
    };
    let (met, all) = (names(&mut seen.into_iter()), names(&mut Site::ALL.iter().copied()));
    println!(
        "XTOS-EVIDENCE {{\"what\":\"injection\",\"failures\":{failures},\"sites\":[{met}],\"all\":[{all}]}}"
    );
}
