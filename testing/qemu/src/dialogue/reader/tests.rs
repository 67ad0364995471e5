//! Pictures drawn in the kernel's font, as it draws them.

use super::*;

const WIDTH: usize = 100 * 7 + 3;
const HEIGHT: usize = 6 * 16 + 5;

/// A picture of lines, with a cursor under a character.
fn drawn(lines: &[&str], paper: Paper, cursor: Option<(usize, usize)>) -> Vec<u8> {
    let (Colour(red, green, blue), on) = (INK, paper.colour());
    let mut pixels = vec![[on.0, on.1, on.2]; WIDTH * HEIGHT];
    for (row, line) in lines.iter().enumerate() {
        for (column, character) in line.chars().enumerate() {
            let raster = get_raster(character, FontWeight::Regular, RasterHeight::Size16).unwrap();
            for (y, shares) in raster.raster().iter().enumerate() {
                for (x, share) in shares.iter().enumerate() {
                    let share = u32::from(*share);
                    let mix = |ink: u8, on: u8| {
                        u8::try_from((u32::from(ink) * share + u32::from(on) * (255 - share)) / 255).unwrap()
                    };
                    pixels[(row * 16 + y) * WIDTH + column * 7 + x] =
                        [mix(red, on.0), mix(green, on.1), mix(blue, on.2)];
                }
            }
        }
    }
    if let Some((column, row)) = cursor {
        for (y, x) in CURSOR.iter().flat_map(|y| (0..7).map(move |x| (*y, x))) {
            pixels[(row * 16 + y) * WIDTH + column * 7 + x] = [red, green, blue];
        }
    }
    let mut file = format!("P6\n{WIDTH} {HEIGHT}\n255\n").into_bytes();
    file.extend(pixels.as_flattened());
    file
}

fn seen(file: &[u8], paper: Paper) -> Vec<String> {
    read(&Picture::parse(file).unwrap(), paper)
}

#[test]
fn every_character_is_read_on_either_paper() {
    let all: String = (' '..='~').collect();
    let lines = ["0: kd> vm", "", &all, "  - in the middle"];
    for paper in [Paper::Log, Paper::Stop] {
        assert_eq!(seen(&drawn(&lines, paper, None), paper), lines, "{paper:?}");
    }
}

#[test]
fn the_cursor_is_no_character_and_hides_none() {
    for (column, line) in [(7, "0: kd> vm"), (9, "0: kd> vm"), (8, "0: kd> |M")] {
        let file = drawn(&["above", line], Paper::Log, Some((column, 1)));
        assert_eq!(seen(&file, Paper::Log), ["above", line], "{column}");
    }
    assert!(alphabet(Paper::Log).keys().all(|shape| CURSOR.iter().any(|row| shape[*row] != FULL)));
}

#[test]
fn what_is_drawn_otherwise_is_not_guessed() {
    let mut file = drawn(&["vm"], Paper::Log, None);
    // A pixel of ink where no letter has one.
    let header = file.len() - WIDTH * HEIGHT * 3;
    file[header..header + 3].copy_from_slice(&[225, 228, 232]);
    assert_eq!(seen(&file, Paper::Log), [format!("{UNKNOWN}m")]);
    assert_ne!(seen(&drawn(&["vm"], Paper::Stop, None), Paper::Stop), ["wm"]);
}
