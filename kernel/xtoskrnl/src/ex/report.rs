//! The report of a boot: one line of JSON that the harness reads, and the verdict.

use core::fmt;

use xtcore::FrameCount;
use xtpaging::walk::Audit;

use super::fill::Fill;
use crate::ar::cpu::ARCHITECTURE;
use crate::hl::power::Verdict;
use crate::kd::{log, record};
use crate::ke::stamps::Phase;
use crate::mm::MemoryManager;

/// Everything that is reported.
pub(crate) struct Report<'a> {
    /// The memory manager.
    pub(crate) memory: &'a MemoryManager,
    /// The audit after the fill.
    pub(crate) audit: &'a Audit,
    /// The fill, if it came to its end.
    pub(crate) fill: Option<Fill>,
    /// Frames in use when the kernel was ready.
    pub(crate) in_use: FrameCount,
    /// The phases of the start.
    pub(crate) phases: &'a [Phase],
}

impl Report<'_> {
    /// Returns whether all checks passed.
    pub(crate) fn verdict(&self) -> Verdict {
        let free = self.memory.summary().free;
        let fill_is_right = self.fill.is_some_and(|fill| fill.is_right(free));
        if self.audit.is_clean() && fill_is_right { Verdict::Pass } else { Verdict::Fail }
    }

    /// Prints the report, for people and as JSON.
    pub(crate) fn print(&self) {
        let audit = self.audit;
        let verdict = if self.verdict() == Verdict::Pass { "pass" } else { "fail" };
        log!(
            "xtoskrnl: audit: {} tables, {} leaves, {} pages; writable and executable: {} pages, {} frames",
            audit.tables,
            audit.leaves,
            audit.pages,
            audit.writable_executable,
            audit.frames_writable_and_executable
        );
        if let Some(fill) = self.fill {
            let Fill { frames, taken, outside_window, wrong_words } = fill;
            log!(
                "xtoskrnl: fill: {frames} frames written and compared, {outside_window} of them outside the window"
            );
            log!("xtoskrnl:       {taken} free ones were in use by then; {wrong_words} wrong words");
        }
        record!("XTOS-REPORT {self}");
        log!("xtoskrnl: {}", if verdict == "pass" { "PASS" } else { "FAIL" });
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { memory, audit, .. } = self;
        let (block, summary) = (memory.block(), memory.summary());
        let (choice, counts) = (block.choice(), block.counts());
        let verdict = if self.verdict() == Verdict::Pass { "pass" } else { "fail" };
        write!(out, "{{\"verdict\":\"{verdict}\",\"arch\":\"{}\"", ARCHITECTURE.name())?;
        write!(out, ",\"paging\":\"{}\",\"paging_reason\":\"{}\"", choice.mode, choice.reason.text())?;
        write!(out, ",\"cpus\":1,\"descriptors\":{{\"given\":{},\"kept\":{}", counts.given, counts.kept)?;
        write!(out, ",\"dropped\":{},\"merged\":{}}}", counts.dropped, counts.merged)?;
        write!(out, ",\"usable_frames\":{}", summary.usable.get())?;
        write!(out, ",\"frames_above_limit\":{}", summary.above_limit.get())?;
        write!(
            out,
            ",\"frames_in_use\":{},\"window_frames\":{}",
            self.in_use.get(),
            memory.window_frames().get()
        )?;
        write!(out, ",\"image_base\":{}", block.image().placed.base.get())?;
        write!(out, ",\"nx\":{}", memory.active().space().format().has_no_execute())?;
        write!(out, ",\"wx_pages_kernel\":{}", audit.writable_executable)?;
        write!(out, ",\"frames_writable_and_executable\":{}", audit.frames_writable_and_executable)?;
        write!(out, ",\"reserved_bits\":{},\"tables\":{}", audit.reserved_bits, audit.tables)?;
        write!(out, ",\"tables_miscounted\":{}", audit.miscounted)?;
        match self.fill {
            Some(fill) => {
                write!(out, ",\"fill\":{{\"frames\":{},\"taken\":{}", fill.frames, fill.taken)?;
                write!(out, ",\"outside_window\":{}", fill.outside_window)?;
                write!(out, ",\"wrong_words\":{}}}", fill.wrong_words)?;
            }
            None => write!(out, ",\"fill\":null")?,
        }
        let stamps = block.stamps();
        let own = stamps.hand_over.saturating_sub(stamps.loader_entry).saturating_sub(stamps.in_firmware);
        write!(out, ",\"loader_ticks\":{own},\"phases\":[")?;
        for (index, phase) in self.phases.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(out, "{comma}{{\"name\":\"{}\",\"ticks\":{}}}", phase.name, phase.ticks)?;
        }
        write!(out, "],\"bugcheck\":null}}")
    }
}
