//! Where the firmware's console is to be seen, read from its variable `ConOut`.

/// Tells whether one of the device paths is that of the first serial port: a UART below the ACPI device PNP0501 with
/// the unique id 0. If so, what is printed on the console appears there by itself.
///
/// `paths` is the value of the variable: device paths one after another (UEFI 2.10, sections 3.3, 10.3.3 and 10.3.4).
/// Anything that is no device path ends the search.
#[must_use]
pub fn shows_on_first_serial_port(paths: &[u8]) -> bool {
    const ACPI: (u8, u8) = (2, 1);
    const UART: (u8, u8) = (3, 14);
    // EISA id PNP0501, then the unique id.
    const FIRST_PORT: [u8; 8] = [0xD0, 0x41, 0x01, 0x05, 0, 0, 0, 0];

    let mut below_first_port = false;
    let mut rest = paths;
    while let Some((&[kind, subkind, low, high], _)) = rest.split_first_chunk::<4>() {
        let length = usize::from(u16::from_le_bytes([low, high]));
        let Some((node, behind)) = rest.split_at_checked(length) else { return false };
        // A node is at least its own header; a shorter one would be read for ever.
        let Some(data) = node.get(4..) else { return false };
        match (kind, subkind) {
            ACPI => below_first_port = data.starts_with(&FIRST_PORT),
            UART if below_first_port => return true,
            _ => {}
        }
        rest = behind;
    }
    false
}

#[cfg(test)]
mod tests;
