//! The way of a boot, from the loader's jump to the verdict.
#![allow(unsafe_code, reason = "the entry point takes what the loader left: a pointer and a stack")]

mod interrupts;
mod processors;
mod threads;

use core::panic::PanicInfo;

use spin::Once;
use xtacpi::{BootArchitecture, Platform};
use xtboot::block::{
    self, BlockError, Expected, Framebuffer, Header, MANIFEST_MAGIC, Manifest, VERSION, VerifiedBlock, flags,
};
use xtcore::choice::ModeSet;
use xtcore::{FrameCount, Level, PAGE_BYTES, PagingMode, VirtAddr, VirtRange};
use xtpaging::walk::{Found, NotFound};
use xtpaging::{Capabilities, SelfMap};
use zerocopy::FromBytes;

use crate::ar::cpu::{self, ARCHITECTURE, active_levels};
use crate::ar::{Handlers, control, install_tables};
use crate::ex::report::Report;
use crate::ex::{
    bench, contexts, crime, devices, inspect, interrupts as check_interrupts, measure, stress, tell,
    translations, traps, waiting,
};
use crate::hl::acpi;
use crate::hl::apic::LocalApic;
use crate::hl::screen::Screen;
use crate::kd::{self, log};
use crate::ke::bugcheck::{self, Code, bug_check};
use crate::ke::stacks::{self, Stack};
use crate::ke::stamps::Stamps;
use crate::ke::{ending, interrupt, processor, regions, trap};
use crate::mm::{self, ActiveTables, Adopted, Fault, Memory, Remedy, is_canvas};

/// Bytes below the boot stack that the layout leaves unmapped in every mode: a page of level 2.
const STACK_GUARD: u64 = 2 << 20;

/// What the loader reads before it starts this image.
#[used]
#[unsafe(link_section = ".xtboot")]
static MANIFEST: Manifest = Manifest { magic: MANIFEST_MAGIC, version: VERSION, modes: modes().bits() };

/// Returns the paging modes of this architecture: the kernel runs in all of them.
const fn modes() -> ModeSet {
    let (narrow, wide) = ARCHITECTURE.modes();
    ModeSet::from_bits(0).with(narrow).with(wide)
}

/// The entry point: the loader jumps here with the address of its block and the slot of the self-map, interrupts off, on
/// the boot stack.
///
/// The machine's state is the one that `docs/boot-protocol.md` describes.
#[unsafe(no_mangle)]
extern "C" fn kernel_entry(block: *const u8, self_map_slot: usize) -> ! {
    let mut stamps = Stamps::start();
    kd::open_serial();
    install_tables(Handlers { trap: trap::handle, interrupt: interrupt::enter });
    let processor = cpu::identify();
    cpu::enable(&processor);
    stamps.end_of("processor set up");

    let Some(mode) = PagingMode::from_levels(active_levels()) else { control::stop() };
    let address = VirtAddr::new(block.expose_provenance() as u64);
    let (active, block) = verify(mode, processor.capabilities, address, self_map_slot);
    bugcheck::publish(block.layout());
    kd::choose_serial(&block.parameters());
    ending::arrange(&block.parameters());
    if let Some(pages) = block.stack().pages() {
        register_boot_stack(pages);
    }
    tell::banner(mode, block.choice().reason.text());
    tell::places(&block);
    let adopted = match Adopted::check(active, block) {
        Ok(adopted) => adopted,
        Err(error) => bug_check(Code::LoaderBlockMismatch, error.parameters(), None, format_args!("{error}")),
    };
    stamps.end_of("block verified");

    let memory = match mm::start(adopted, &mut stamps) {
        Ok(memory) => memory,
        Err(fault) => cannot_start(fault),
    };
    stamps.end_of("ready");
    regions::publish(memory.layout());
    processor::begin_passive();
    kd::monitor::prepare(memory);
    let in_use = memory.frames_in_use();
    after_ready(memory, &stamps, in_use)
}

/// What follows when the kernel stands, before there are threads: the screen, the devices, interrupts.
fn after_ready(memory: &'static Memory, stamps: &Stamps, in_use: FrameCount) -> ! {
    if let Some(screen) = memory.block().screen() {
        attach(|page| memory.find(page), &screen.record());
    }
    tell::layout(memory);
    tell::phases(stamps);
    let mut tables = memory.firmware_tables();
    let platform = acpi::find(&mut tables, memory.block().acpi_rsdp());
    if platform.fixed.boot.contains(BootArchitecture::KEYBOARD_CONTROLLER) {
        kd::open_keyboard();
    }
    let reclaimed = memory.reclaim_acpi(tables);
    log!("xtoskrnl: {} of ACPI tables have been read and are free", tell::Amount(reclaimed));
    traps::check(memory);
    let parameters = memory.block().parameters();
    let devices = devices::start(memory, &devices::Facts::of(platform), &parameters);
    let apic = interrupts::start(memory);
    let interrupts = apic.map(check_interrupts::run);
    let contexts = contexts::check(memory);
    let stamps = stamps.clone();
    BOOT.call_once(|| Boot { memory, platform, devices, apic, interrupts, contexts, stamps, in_use });
    threads::start(|_| BOOT.get().map_or((), check_all))
}

/// What the boot has come to before there are threads.
struct Boot {
    memory: &'static Memory,
    platform: &'static Platform,
    devices: devices::Devices,
    apic: Option<&'static LocalApic>,
    interrupts: Option<check_interrupts::Interrupts>,
    contexts: Option<(u32, u32)>,
    stamps: Stamps,
    in_use: FrameCount,
}

static BOOT: Once<Boot> = Once::new();

/// What the thread `main` does: the other processors, the checks, the report, and the end that the user asked for.
fn check_all(boot: &Boot) {
    let Boot { memory, platform, devices, apic, interrupts, contexts, stamps, in_use } = boot;
    let (memory, in_use) = (*memory, *in_use);
    let parameters = memory.block().parameters();
    let processors = apic.map(|apic| processors::start(memory, platform, apic, &parameters));
    crime::commit(&parameters, memory);
    log!(
        "xtoskrnl: ready; now the checks: stress through every interface, all memory at once, and the audits"
    );
    // Without interrupts no clock ticks.
    let waiting = apic.and_then(|_| waiting::run(memory));
    let pairs = measure::frame_pairs(memory);
    let bench = bench::run(memory, &parameters);
    let is_stressed = parameters.value("STRESS") != Some("off");
    let rounds = (is_stressed || parameters.value("ROUNDS").is_some())
        .then(|| translations::run(memory, translations::wanted(&parameters)));
    let stress = is_stressed.then(|| stress::run(memory));
    let audit = memory.space().inspect(mm::look::audit);
    let frames = memory.audit_frames();
    let report = Report {
        memory,
        platform,
        devices,
        audit: &audit,
        frames: &frames,
        stress,
        interrupts: *interrupts,
        contexts: *contexts,
        processors,
        waiting,
        rounds,
        pairs,
        bench: bench.as_ref(),
        in_use,
        phases: stamps.phases(),
    };
    tell::times();
    report.print();
    let verdict = report.verdict();
    if parameters.has("INSPECT") {
        inspect::run(memory);
    }
    kd::monitor::answer_parameter(&parameters);
    ending::end(verdict)
}

/// Makes the boot stack known, so that a stop can tell when it has overflowed. No stack was registered before, so there
/// is room for this one.
fn register_boot_stack(pages: VirtRange) {
    let _ = stacks::register(Stack::new(stacks::Name::new("boot stack"), pages, STACK_GUARD));
}

/// Adopts the tables and verifies the block at `address`, or refuses.
fn verify(
    mode: PagingMode,
    capabilities: Capabilities,
    address: VirtAddr,
    self_map_slot: usize,
) -> (ActiveTables, VerifiedBlock<'static>) {
    let marker = 0_u8;
    let stack_pointer = VirtAddr::new((&raw const marker).expose_provenance() as u64);
    let adopt = |self_map| {
        let spare = spare_page(mode, stack_pointer);
        // SAFETY: the registers show the mode, the protocol says that the self-map is in that slot, and this runs once.
        unsafe { ActiveTables::adopt(self_map, capabilities, spare) }
    };
    let Some(active) = SelfMap::new(mode, self_map_slot).and_then(adopt) else {
        let root = control::page_root().get();
        let what =
            format_args!("the tables at {root:#x} have no self-map, or no spare page above the boot stack");
        bug_check(Code::LoaderBlockMismatch, [0, root, 0, 0], None, what)
    };
    let expected = Expected {
        architecture: ARCHITECTURE,
        mode,
        page_root: control::page_root(),
        self_map_slot,
        block: address,
        stack_pointer,
    };
    match read_block(&active, address).and_then(|bytes| block::verify(bytes, &expected)) {
        Ok(block) => {
            check_features(&active, &block);
            (active, block)
        }
        Err(error) => {
            paint_before_refusal(&active, address);
            refuse(&error)
        }
    }
}

/// Refuses a block that says something else about no-execute than registers and entry format allow.
fn check_features(active: &ActiveTables, block: &VerifiedBlock<'_>) {
    let (told, is) = (block.features().has(flags::NO_EXECUTE), active.space().format().has_no_execute());
    if told != is {
        let parameters = [FEATURES_DIFFER, told.into(), is.into(), 0];
        let what = format_args!("the loader block says no-execute is {told}, the processor says {is}");
        bug_check(Code::LoaderBlockMismatch, parameters, None, what);
    }
}

/// First parameter of the bug check, beyond the numbers of [`BlockError`].
const FEATURES_DIFFER: u64 = 0x1000;

/// Returns the page that the boot protocol leaves to the kernel: not mapped, 1 MiB above the base of the boot stack, in
/// the page table that maps the stack.
fn spare_page(mode: PagingMode, stack_pointer: VirtAddr) -> VirtAddr {
    const DISTANCE: u64 = 1 << 20;
    let table = stack_pointer.align_down(mode.geometry().page_bytes(Level::PD));
    VirtAddr::new(table.get() + DISTANCE)
}

/// Returns the bytes of the block, as many as it claims, after a look at whether they are mapped.
fn read_block(active: &ActiveTables, address: VirtAddr) -> Result<&'static [u8], BlockError> {
    let first = slice(active, address, PAGE_BYTES)?;
    let length = block::extent(first)?;
    slice(active, address, length as u64)
}

/// Returns `bytes` bytes at `address`, if they are mapped read-only.
fn slice(active: &ActiveTables, address: VirtAddr, bytes: u64) -> Result<&'static [u8], BlockError> {
    let unmapped = BlockError::TooShort { bytes: 0, needed: bytes };
    let range = VirtRange::with_length(address, bytes).ok_or(unmapped)?;
    if address == VirtAddr::ZERO || !active.is_constant(range) {
        return Err(unmapped);
    }
    let length = usize::try_from(bytes).map_err(|_| unmapped)?;
    let start = core::ptr::with_exposed_provenance(address.get() as usize);
    // SAFETY: all pages are mapped, and none of them writable; the window will show the block's frames read-only too.
    Ok(unsafe { core::slice::from_raw_parts(start, length) })
}

/// Opens the screen that a faulty block describes, if what it describes really is one, so that the refusal can be read.
fn paint_before_refusal(active: &ActiveTables, address: VirtAddr) {
    let Ok(bytes) = slice(active, address, size_of::<Header>() as u64) else { return };
    let Ok(header) = Header::read_from_bytes(bytes) else { return };
    if header.flags & flags::FRAMEBUFFER != 0 {
        attach(|page| active.find(page), &header.framebuffer);
    }
}

/// Attaches a screen to the log, if the framebuffer is mapped the way only a framebuffer is.
fn attach(find: impl Fn(VirtAddr) -> Result<Found, NotFound>, record: &Framebuffer) {
    let Framebuffer { base, bytes, width, height, stride, .. } = *record;
    let pixels = u64::from(stride).checked_mul(u64::from(height)).and_then(|pixels| pixels.checked_mul(4));
    if stride < width || pixels.is_none_or(|pixels| pixels > bytes) {
        return;
    }
    if !is_canvas(find, VirtAddr::new(base), bytes) {
        return;
    }
    // SAFETY: all of the picture is mapped, writable and write-combining, as only a framebuffer is; it stays mapped.
    if let Some(screen) = unsafe { Screen::new(record) } {
        kd::attach_screen(screen);
    }
}

fn refuse(error: &BlockError) -> ! {
    let [one, two, three] = error.facts();
    let parameters = [error.code().into(), one, two, three];
    bug_check(Code::LoaderBlockMismatch, parameters, None, format_args!("{error}"))
}

fn cannot_start(fault: Fault) -> ! {
    let code = match fault.remedy() {
        Remedy::MoreMemory => Code::InstallMoreMemory,
        Remedy::OtherLoader => Code::LoaderBlockMismatch,
        Remedy::None => Code::MemoryManagement,
    };
    bug_check(code, fault.parameters(), None, format_args!("memory cannot be set up: {fault}"))
}

#[panic_handler]
fn panicked(info: &PanicInfo<'_>) -> ! {
    let (line, column) = info.location().map_or((0, 0), |place| (place.line(), place.column()));
    bug_check(Code::KernelPanic, [line.into(), column.into(), 0, 0], None, format_args!("{info}"))
}
