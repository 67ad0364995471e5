//! What the firmware knows about itself and the machine.

use xtboot::block::PixelFormat;
use xtcore::PhysAddr;

/// Who made the firmware.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Maker<'a> {
    /// The vendor.
    pub vendor: &'a str,
    /// The vendor's revision.
    pub revision: u32,
    /// Major and minor revision of the UEFI specification.
    pub uefi: (u16, u16),
}

/// Where the firmware's tables lie.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SystemTables {
    /// The RSDP of ACPI 2.0, else that of ACPI 1.0.
    pub acpi_rsdp: Option<PhysAddr>,
    /// The entry point of SMBIOS 3, else that of SMBIOS 2.
    pub smbios: Option<PhysAddr>,
    /// The UEFI system table.
    pub system_table: PhysAddr,
}

/// How a pixel is stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PixelLayout {
    /// 32 bits in an order that the boot protocol knows.
    Known(PixelFormat),
    /// Something else: bit masks, or no framebuffer at all.
    Other,
}

/// A graphics mode.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Graphics {
    /// The first pixel.
    pub address: PhysAddr,
    /// Bytes of the framebuffer as the firmware counts them.
    pub bytes: u64,
    /// Pixels of a line.
    pub width: u32,
    /// Lines.
    pub height: u32,
    /// Pixels from one line to the next.
    pub stride: u32,
    /// How a pixel is stored.
    pub layout: PixelLayout,
}

impl Graphics {
    /// Returns the bytes that are visible, if the numbers make sense: pixels in a known order, lines no longer than
    /// their distance, all of it inside the framebuffer and the address space.
    #[must_use]
    pub fn visible(&self) -> Option<(PixelFormat, u64)> {
        let PixelLayout::Known(format) = self.layout else { return None };
        if self.width == 0 || self.height == 0 || self.stride < self.width {
            return None;
        }
        let bytes = (u64::from(self.stride) * u64::from(self.height)).checked_mul(4)?;
        self.address.checked_add(bytes)?;
        let aligned = self.address.get() != 0 && self.address.is_aligned(xtcore::PAGE_BYTES);
        if aligned && bytes <= self.bytes { Some((format, bytes)) } else { None }
    }
}
