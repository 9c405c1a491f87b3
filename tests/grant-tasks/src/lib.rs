//! Tasks that use what a host can grant, one grant each.

use sandpool_guest::log::{self, Level};
use sandpool_guest::{clock, host_functions, random, task};

sandpool_guest::module!();

host_functions! {
    /// Returns the price of an article, if the host has it.
    pub fn price(article: &str) -> Option<u64>;
    /// Returns a number that the host makes up.
    pub fn tick() -> u64;
    /// Takes as many parameters as there can be.
    #[expect(clippy::too_many_arguments, reason = "they are the point")]
    pub fn join(
        a: u8,
        b: i64,
        c: bool,
        d: char,
        e: &str,
        f: Option<String>,
        g: (u8, u8),
        h: &[u32],
    ) -> String;
    /// Returns nothing.
    pub fn note(what: String, count: u32);
    /// Returns so many bytes.
    pub fn blob(bytes: usize) -> Vec<u8>;
    /// Is not granted by anybody, and not called.
    pub fn unheard_of();
}

/// Reads the clock twice, with some work in between. In nanoseconds.
#[task]
pub fn clock_twice() -> (u64, u64) {
    let read = || u64::try_from(clock::now().as_nanos()).unwrap_or(u64::MAX);
    let first = read();
    for number in 0..1000 {
        std::hint::black_box(number);
    }
    (first, read())
}

/// Returns so many random bytes, fetched in two pieces, and a random number.
#[task]
pub fn random_bytes(first: u32, second: u32) -> (Vec<u8>, u64) {
    let mut bytes = vec![0; (first + second) as usize];
    let (one, other) = bytes.split_at_mut(first as usize);
    random::fill(one);
    random::fill(other);
    (bytes, random::number())
}

/// Asks for random bytes until it is stopped.
#[task]
pub fn random_without_end() {
    let mut bytes = vec![0; 64 << 20];
    loop {
        random::fill(&mut bytes);
    }
}

/// Logs the text with each of the levels.
#[task]
pub fn log_levels(text: &str) {
    log::error!("{text} 1");
    log::warn!("{text} 2");
    log::info!("{text} 3");
    log::debug!("{text} 4");
    log::trace!("{text} 5");
}

/// Logs a text as often as is said.
#[task]
pub fn log_often(text: &str, times: u32) {
    for _ in 0..times {
        log::write(Level::Info, format_args!("{text}"));
    }
}

/// Adds up what the articles cost; one without a price is an error.
#[task]
pub fn total(articles: Vec<String>) -> Result<u64, String> {
    let prices = articles
        .iter()
        .map(|article| price(article).ok_or_else(|| format!("there is no price for {article}")));
    prices.sum()
}

/// Calls the function with the most parameters.
#[task]
pub fn join_all() -> String {
    join(
        1,
        -2,
        true,
        '4',
        "five",
        Some("six".to_owned()),
        (7, 7),
        &[8, 8, 8],
    )
}

/// Calls the function without a result.
#[task]
pub fn notes(count: u32) {
    for number in 0..count {
        note(format!("note {number}"), number);
    }
}

/// Calls the host until it is stopped.
#[task]
pub fn tick_without_end() -> u64 {
    loop {
        if tick() == u64::MAX {
            return 0;
        }
    }
}

/// Calls the host once.
#[task]
pub fn tick_once() -> u64 {
    tick()
}

/// Gets so many bytes from the host, and returns how many came.
#[task]
pub fn blob_of(bytes: u64) -> u64 {
    blob(bytes as usize).len() as u64
}

/// Hands so many bytes to the host.
#[task]
pub fn note_of(bytes: u64) {
    note("x".repeat(bytes as usize), 0);
}
