//! Waiting for clocks, in a way that a cancellation or the end of the task's time ends.
//!
//! Files and folders never have anybody wait by this: they are reported as ready, and reading them is what
//! waits.

use std::time::{Duration, Instant};

use wasmtime::Caller;

use crate::sandbox::guest::Guest;
use crate::sandbox::imports::{parts, range};
use crate::sandbox::wasi::{Errno, INVALID, SUCCESS, system};

/// The sizes that preview 1 has for a subscription and for an event.
const SUBSCRIPTION_BYTES: usize = 48;
const EVENT_BYTES: usize = 32;

/// How many subscriptions a call may have.
const MAX_SUBSCRIPTIONS: u32 = 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clock {
    Realtime,
    Monotonic,
}

/// What a guest waits for.
struct Subscription {
    userdata: [u8; 8],
    /// The number of what it is: 0 for a clock, 1 and 2 for reading and writing.
    kind: u8,
    timer: Option<Timer>,
}

struct Timer {
    clock: Clock,
    nanoseconds: u64,
    is_absolute: bool,
}

impl Subscription {
    /// Reads the layout of preview 1: `userdata: u64` at 0, the kind at 8, and for a clock its number at 16,
    /// the time at 24 and flags at 40. Clocks of processor time there are none.
    fn read(bytes: &[u8]) -> Option<Self> {
        let kind = bytes[8];
        let timer = match kind {
            0 => Some(Timer {
                clock: match u32::from_le_bytes(part(bytes, 16)) {
                    0 => Clock::Realtime,
                    1 => Clock::Monotonic,
                    _ => return None,
                },
                nanoseconds: u64::from_le_bytes(part(bytes, 24)),
                is_absolute: u16::from_le_bytes(part(bytes, 40)) & 1 == 1,
            }),
            1 | 2 => None,
            _ => return None,
        };
        Some(Self {
            userdata: part(bytes, 0),
            kind,
            timer,
        })
    }

    /// Returns the event that it has come: userdata at 0, no error at 8, the kind at 10; for a file the
    /// number of bytes that can be read or written at 16, at least one.
    fn event(&self) -> [u8; EVENT_BYTES] {
        let mut event = [0; EVENT_BYTES];
        event[..8].copy_from_slice(&self.userdata);
        event[10] = self.kind;
        event[16] = u8::from(self.timer.is_none());
        event
    }
}

fn part<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let bytes = bytes[at..].first_chunk();
    *bytes.expect("a subscription is longer")
}

/// Waits for the first of so many subscriptions, and writes the events that have come, and their number.
pub(super) fn poll_oneoff(
    mut caller: Caller<'_, Guest>,
    subscriptions: u32,
    events: u32,
    number: u32,
    number_of_events: u32,
) -> wasmtime::Result<Errno> {
    const NAME: &str = "poll_oneoff";
    if number == 0 || number > MAX_SUBSCRIPTIONS {
        return Ok(INVALID);
    }
    let size = |bytes: usize| number * bytes as u32;
    let (memory, guest) = parts(&mut caller);
    let read = range(memory, NAME, subscriptions, size(SUBSCRIPTION_BYTES))?;
    let written = range(memory, NAME, events, size(EVENT_BYTES))?;
    let counted = range(memory, NAME, number_of_events, 4)?;
    let read: Option<Vec<Subscription>> = memory[read]
        .chunks_exact(SUBSCRIPTION_BYTES)
        .map(Subscription::read)
        .collect();
    let Some(read) = read else {
        return Ok(INVALID);
    };
    let system = system(guest);
    let waits = read.iter().map(|subscription| match &subscription.timer {
        Some(timer) if timer.is_absolute => {
            timer.nanoseconds.saturating_sub(system.time(timer.clock))
        }
        Some(timer) => timer.nanoseconds,
        None => 0,
    });
    let waits: Vec<u64> = waits.collect();
    let first = waits.iter().copied().min().unwrap_or_default();
    guest.wait(Instant::now().checked_add(Duration::from_nanos(first)))?;
    // Those that come at the same time, whatever clocks say by now.
    let come = read.iter().zip(waits).filter(|(_, wait)| *wait == first);
    let mut come_number = 0_u32;
    for ((subscription, _), place) in come.zip(memory[written].chunks_exact_mut(EVENT_BYTES)) {
        place.copy_from_slice(&subscription.event());
        come_number += 1;
    }
    memory[counted].copy_from_slice(&come_number.to_le_bytes());
    Ok(SUCCESS)
}
