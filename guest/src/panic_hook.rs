//! Leaves the message and the place of a panic where the host finds them: a panic in wasm ends in
//! a trap, which carries neither.

use std::fmt::Write;
use std::panic::PanicHookInfo;
use std::sync::Once;

use sandpool_abi::PanicReport;

use crate::buffers::with_panic_report;

/// Installs the hook, once per instance.
pub(crate) fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| std::panic::set_hook(Box::new(report)));
}

/// Writes the report without allocating: the panic may come from an exhausted memory.
fn report(info: &PanicHookInfo<'_>) {
    let (file, line, column) = info.location().map_or(("", 1, 1), |place| {
        (place.file(), place.line(), place.column())
    });
    with_panic_report(|buffer| {
        PanicReport::write(buffer, file, line, column, |space| {
            let mut cut = Cut { space, used: 0 };
            let message = info.payload_as_str().unwrap_or("a value that is not text");
            let _ = cut.write_str(message);
            cut.used
        });
    });
}

/// Writes what fits and drops the rest.
struct Cut<'a> {
    space: &'a mut [u8],
    used: usize,
}

impl Write for Cut<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let rest = &mut self.space[self.used..];
        let fits = text.len().min(rest.len());
        rest[..fits].copy_from_slice(&text.as_bytes()[..fits]);
        self.used += fits;
        Ok(())
    }
}
