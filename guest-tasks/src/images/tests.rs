use super::{MAX_SIDE, MAX_SIGMA, blur_png, decode, encode};
use image::{ColorType, DynamicImage, GrayImage, Luma};

/// A PNG of a white dot in the middle of a black square.
fn dot() -> Vec<u8> {
    let mut image = GrayImage::new(33, 33);
    image.put_pixel(16, 16, Luma([255]));
    encode(&image.into()).unwrap()
}

/// The brightness of the pixels right of the middle of the blurred dot, from it on.
fn profile(sigma: f32) -> Vec<u8> {
    let image = decode(&blur_png(&dot(), sigma).unwrap())
        .unwrap()
        .to_luma8();
    (16..33).map(|x| image.get_pixel(x, 16).0[0]).collect()
}

/// The error and its causes.
fn failure(png: &[u8], sigma: f32) -> Vec<String> {
    let error = blur_png(png, sigma).expect_err("no image");
    error.chain().map(ToString::to_string).collect()
}

/// Writes another size into the header of a PNG, with the checksum that belongs to it.
fn claim_size(png: &mut [u8], width: u32, height: u32) {
    png[16..20].copy_from_slice(&width.to_be_bytes());
    png[20..24].copy_from_slice(&height.to_be_bytes());
    let checksum = png[12..29].iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            (sum >> 1) ^ (0xedb8_8320 * (sum & 1))
        })
    });
    png[29..33].copy_from_slice(&(!checksum).to_be_bytes());
}

#[test]
fn a_dot_spreads_with_sigma() {
    // 255 / (2 * pi * sigma^2) in the middle, times exp(-(x / sigma)^2 / 2) beside it.
    assert_eq!(profile(1.0)[..5], [41, 25, 6, 0, 0]);
    assert_eq!(profile(2.0)[..5], [10, 9, 6, 3, 1]);
}

#[test]
fn a_dot_stays_where_it_is_if_sigma_is_tiny() {
    for sigma in [1e-40, 0.1, 0.2, 0.22, 0.25] {
        assert_eq!(profile(sigma)[..3], [255, 0, 0], "{sigma}");
    }
}

#[test]
fn the_size_and_kind_of_pixels_stay() {
    for kind in [
        ColorType::L8,
        ColorType::La16,
        ColorType::Rgb16,
        ColorType::Rgba8,
    ] {
        let png = encode(&DynamicImage::new(3, 1, kind)).unwrap();
        let blurred = decode(&blur_png(&png, MAX_SIGMA).unwrap()).unwrap();
        assert_eq!(
            (blurred.width(), blurred.height(), blurred.color()),
            (3, 1, kind)
        );
    }
}

#[test]
fn sigmas_that_are_no_deviation_are_errors() {
    for sigma in [f32::NAN, f32::INFINITY, 0.0, -0.0, -1.0, 50.01, f32::MAX] {
        let failure = failure(&dot(), sigma);
        assert_eq!(failure[0], "the image cannot be blurred");
        assert!(
            failure[1].contains(&format!("sigma is {sigma:?},")),
            "{failure:?}"
        );
    }
}

/// The length of the chunk that ends a PNG, which is not read once all pixels are there.
const END_BYTES: usize = 12;

#[test]
fn every_truncated_png_is_an_error() {
    for len in 0..dot().len() - END_BYTES {
        let failure = failure(&dot()[..len], 1.0);
        let expected = ["the PNG cannot be decoded", "unexpected end of file"];
        assert_eq!(failure, expected, "{len} bytes");
    }
}

#[test]
fn every_corrupt_byte_is_an_error() {
    for place in 0..dot().len() - END_BYTES {
        let mut png = dot();
        png[place] ^= 0x55;
        let failure = failure(&png, 1.0);
        assert_eq!(failure[0], "the PNG cannot be decoded", "byte {place}");
        assert!(failure.len() > 1, "byte {place}: {failure:?}");
    }
}

#[test]
fn a_small_png_cannot_claim_a_huge_image() {
    let too_wide = "Image size exceeds limit";
    let cases = [
        (MAX_SIDE + 1, 1, too_wide),
        (1, MAX_SIDE + 1, too_wide),
        (MAX_SIDE, MAX_SIDE, "Memory limit exceeded"),
    ];
    for (width, height, cause) in cases {
        let mut png = dot();
        claim_size(&mut png, width, height);
        assert_eq!(failure(&png, 1.0), ["the PNG cannot be decoded", cause]);
    }
}
