//! Tables of machines that nobody here made up, as text.

use std::path::Path;

use super::memory::Memory;

/// Reads `testing/data/acpi/<name>.txt` and returns the memory with its tables, and where its RSDP is.
pub fn machine(name: &str) -> (Memory, u64) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testing/data/acpi");
    let text =
        std::fs::read_to_string(folder.join(name).with_extension("txt")).expect("the tables are there");
    let (mut memory, mut rsdp) = (Memory::default(), 0);
    for block in text.split("\n\n").filter(|block| !block.trim().is_empty()) {
        let (title, lines) = block.trim_start().split_once('\n').expect("a title and lines");
        let (name, address) = title.split_once(" @ 0x").expect("a name and an address");
        let address = u64::from_str_radix(address, 16).expect("an address");
        let words =
            lines.lines().flat_map(|line| line.split_once(": ").expect("an offset").1.split_whitespace());
        let bytes: Vec<u8> = words.map(|word| u8::from_str_radix(word, 16).expect("a byte")).collect();
        memory.put(address, &bytes);
        if name == "RSD PTR" {
            rsdp = address;
        }
    }
    assert_ne!(rsdp, 0);
    (memory, rsdp)
}
