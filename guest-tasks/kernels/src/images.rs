//! Pictures: blurred in whole numbers and in fractions, and decoded from PNG.

use std::io::Cursor;

use sandpool_guest::task;

use crate::checksum::{self, Checksum};
use crate::random::Random;

const SIDE: usize = 512;

/// Blurs a grey picture of 512 by 512 bytes, `size` times: each pixel becomes the mean of a cross of five.
#[task]
pub fn blur_u8(size: u32) -> u64 {
    let mut pixels = picture();
    let mut blurred = pixels.clone();
    for _ in 0..size {
        for row in 1..SIDE - 1 {
            let [above, here, below] = rows(&pixels, row);
            let out = &mut blurred[row * SIDE..(row + 1) * SIDE];
            for column in 1..SIDE - 1 {
                let sum = u16::from(above[column])
                    + u16::from(below[column])
                    + u16::from(here[column - 1])
                    + u16::from(here[column + 1]);
                // Four quarters: three for the sum, one for the pixel itself.
                out[column] = ((sum * 3 / 4 + u16::from(here[column])) / 4) as u8;
            }
        }
        std::mem::swap(&mut pixels, &mut blurred);
    }
    checksum::of_bytes(&pixels)
}

/// Blurs a grey picture of 512 by 512 numbers with 32 bits, `size` times: the mean of a cross of five.
#[task]
pub fn blur_f32(size: u32) -> u64 {
    let mut pixels: Vec<f32> = picture().into_iter().map(f32::from).collect();
    let mut blurred = pixels.clone();
    for _ in 0..size {
        for row in 1..SIDE - 1 {
            let [above, here, below] = rows(&pixels, row);
            let out = &mut blurred[row * SIDE..(row + 1) * SIDE];
            for column in 1..SIDE - 1 {
                let sum = (above[column] + below[column]) + (here[column - 1] + here[column + 1]);
                out[column] = sum * 0.1875 + here[column] * 0.25;
            }
        }
        std::mem::swap(&mut pixels, &mut blurred);
    }
    let mut checksum = Checksum::new();
    pixels
        .iter()
        .for_each(|pixel| checksum.add(u64::from(pixel.to_bits())));
    checksum.finish()
}

/// Decodes a PNG of 256 by 256 pixels with three colours, `size` times.
#[task]
pub fn png_decode(size: u32) -> u64 {
    let file = encode(&colours());
    let mut checksum = Checksum::new();
    for _ in 0..size {
        checksum.add_bytes(&decode(&file));
    }
    checksum.finish()
}

fn rows<T>(pixels: &[T], row: usize) -> [&[T]; 3] {
    [row - 1, row, row + 1].map(|row| &pixels[row * SIDE..(row + 1) * SIDE])
}

/// Hills with some grain.
fn picture() -> Vec<u8> {
    let mut random = Random::new(14);
    let pixel = |place: usize| {
        let (x, y) = (place % SIDE, place / SIDE);
        ((x * y / 64 + x / 3 + y / 5) % 224) as u8
    };
    (0..SIDE * SIDE)
        .map(|place| pixel(place) + random.below(32) as u8)
        .collect()
}

const PNG_SIDE: u32 = 256;

fn colours() -> Vec<u8> {
    let mut random = Random::new(15);
    let pixels = (0..PNG_SIDE).flat_map(|y| (0..PNG_SIDE).map(move |x| (x, y)));
    pixels
        .flat_map(|(x, y)| {
            let grain = random.below(8);
            [x + grain, y + grain, (x + y) / 2].map(|colour| colour as u8)
        })
        .collect()
}

fn encode(pixels: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, PNG_SIDE, PNG_SIDE);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_compression(png::Compression::Fast);
    let writer = encoder.write_header();
    let mut writer = writer.expect("a vector can be written to");
    writer
        .write_image_data(pixels)
        .expect("the picture has its size");
    writer.finish().expect("a vector can be written to");
    file
}

fn decode(file: &[u8]) -> Vec<u8> {
    let reader = png::Decoder::new(Cursor::new(file)).read_info();
    let mut reader = reader.expect("it was encoded here");
    let mut pixels = vec![0; reader.output_buffer_size().expect("it is small")];
    let frame = reader.next_frame(&mut pixels).expect("it was encoded here");
    pixels.truncate(frame.buffer_size());
    pixels
}

#[cfg(test)]
mod tests {
    use super::{blur_f32, blur_u8, checksum, colours, decode, encode, picture};

    #[test]
    fn a_picture_comes_back_from_its_file() {
        let pixels = colours();
        let file = encode(&pixels);
        assert!(file.len() < pixels.len());
        assert_eq!(decode(&file), pixels);
    }

    #[test]
    fn blurring_changes_a_picture_every_time() {
        assert_eq!(blur_u8(0), checksum::of_bytes(&picture()));
        assert_ne!(blur_u8(1), blur_u8(2));
        assert_ne!(blur_f32(1), blur_f32(2));
    }
}
