//! `cargo xtask pictures`: takes the pictures of the loader and the kernel that the documents show.
//!
//! They come from conversations that the tests have with loader and kernel, so what they show has been judged.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use xtcore::choice::Architecture;
use xtqemu::dialogue;
use xtqemu::screen::Picture;

use super::Context;
use crate::build::{self, Extent, Profile};
use crate::setup::Need;
use crate::test::boot::talks;
use crate::{progress, target, toolchain};

/// The conversations whose pictures are kept: with the loader, and with the kernel's monitor on its screen.
const TALKS: [&str; 2] = ["tour", "screen"];

/// Has the conversations and writes their pictures to `docs/pictures`.
pub(crate) fn run(context: &Context) -> Result<u8> {
    context.setup.ensure(&[Need::Emulator])?;
    let toolchains =
        toolchain::resolve(&context.workspace, &context.setup, context.toolchain, &target::BOTH)?;
    let build = |(toolchain, architecture)| {
        build::images(&context.workspace, toolchain, architecture, Profile::Release, Extent::System)
    };
    let systems = toolchains.iter().zip(target::BOTH).map(build).collect::<Result<Vec<_>>>()?;
    let into = context.workspace.root().join("docs/pictures");
    std::fs::create_dir_all(&into)?;
    for talk in dialogue::talks().filter(|talk| TALKS.contains(&talk.name)) {
        let folder = context.workspace.cache().join("pictures").join(talk.name);
        let conversation = talks::talk(&folder, &(talk, Architecture::Amd64), &systems)?;
        if let Some(reason) = conversation.failure {
            bail!("{reason}");
        }
        for picture in conversation.pictures {
            let name = picture.file_stem().context("a picture has a name")?;
            let out = into.join(name).with_extension("png");
            write(&picture, &out)?;
            progress::say(&format!("written: {}", out.display()));
        }
    }
    Ok(0)
}

/// Writes a picture in a format that browsers show.
fn write(picture: &Path, out: &Path) -> Result<()> {
    let bytes = std::fs::read(picture)?;
    let picture = Picture::parse(&bytes)?;
    let (width, height) = (u32::try_from(picture.width())?, u32::try_from(picture.height())?);
    let mut encoder = png::Encoder::new(BufWriter::new(File::create(out)?), width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::High);
    encoder.write_header()?.write_image_data(picture.pixels().as_flattened())?;
    Ok(())
}
