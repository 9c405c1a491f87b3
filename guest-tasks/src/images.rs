//! Bytes in, bytes out: an image from a stranger, decoded where it can do no harm.

use std::io::Cursor;

use anyhow::{Context, ensure};
use image::{DynamicImage, ImageFormat, ImageReader, Limits};
use sandpool_guest::task;

/// The most that an image may take once it is decoded: a few bytes of PNG can stand for gigabytes of
/// pixels. 3840 x 2160 opaque pixels fit. Blurring or encoding one needs a few times as
/// much, which the 256 MiB that a host grants by default have room for even if nothing compresses.
///
/// This check is there for a good error message. What holds even if a decoder has a bug is the
/// memory limit of the sandbox, which is the last fence.
const MAX_DECODED_BYTES: u64 = 24 << 20;

/// The longest side of an image in pixels. The blur pads every side by half of its kernel, so an
/// image of one long row needs many times its own memory.
const MAX_SIDE: u32 = 8192;

/// The largest deviation in pixels. The time grows with it, and beyond it rounding in the kernel
/// darkens the image by more than a hundredth.
const MAX_SIGMA: f32 = 50.0;

/// The smallest deviation that changes a pixel. Below it the kernel rounds to a single weight, which
/// image 0.25.10 applies one pixel aside.
const MIN_SIGMA: f32 = 0.22;

/// Returns the PNG with a Gaussian blur of standard deviation `sigma`, in pixels.
///
/// The size and the kind of pixels stay as they are, except that a palette becomes colours and fewer
/// than 8 bits become 8. Of an animation the first picture is taken; colour profiles and texts are
/// left out.
///
/// # Errors
///
/// - `sigma` is not a number above 0 and up to 50.
/// - `png` is damaged or is no PNG.
/// - The image has a side above 8192 pixels or takes more than 24 MiB decoded.
#[task]
pub fn blur_png(png: &[u8], sigma: f32) -> anyhow::Result<Vec<u8>> {
    check(sigma).context("the image cannot be blurred")?;
    let image = decode(png).context("the PNG cannot be decoded")?;
    encode(&blur(image, sigma)).context("the blurred image cannot be encoded")
}

fn check(sigma: f32) -> anyhow::Result<()> {
    ensure!(
        sigma > 0.0 && sigma <= MAX_SIGMA,
        "sigma is {sigma:?}, not a number above 0 and up to {MAX_SIGMA:?}"
    );
    Ok(())
}

fn decode(png: &[u8]) -> image::ImageResult<DynamicImage> {
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_DECODED_BYTES);
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    let mut reader = ImageReader::with_format(Cursor::new(png), ImageFormat::Png);
    reader.limits(limits);
    reader.decode()
}

/// Not `fast_blur`, although that takes the same time for every sigma: its boxes are whole pixels, so
/// that it blurs by 1.4 for all that is less and by 2.3 for 2, and for such sigmas it is the slower.
fn blur(image: DynamicImage, sigma: f32) -> DynamicImage {
    if sigma < MIN_SIGMA {
        return image;
    }
    image.blur(sigma)
}

fn encode(image: &DynamicImage) -> image::ImageResult<Vec<u8>> {
    let mut png = Cursor::new(Vec::new());
    image.write_to(&mut png, ImageFormat::Png)?;
    Ok(png.into_inner())
}

#[cfg(test)]
mod tests;
