//! The modules in the text format: `tests/hostile/modules`. Their first lines say what they do, and how
//! they end.

use std::fs;
use std::path::Path;
use std::time::Duration;

use sandpool::{Limits, Task};
use sandpool_guest::task;

use crate::case::{Case, End, submit};

/// The task of each, as far as it has nothing else to say of its records.
#[task]
pub(crate) fn misbehave(_bytes: &[u8]) -> Vec<Vec<u8>> {
    Vec::new()
}

const RECORD: sandpool_abi::Record = <misbehave as Task>::RECORD;
const RECORD_BYTES: [u8; RECORD.len_bytes()] = RECORD.to_bytes();

pub(crate) fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("hostile/modules");
    let mut files: Vec<_> = fs::read_dir(folder)
        .expect("the corpus is there")
        .map(|entry| entry.expect("it can be read").path())
        .collect();
    files.sort();
    let case = |file: &Path| {
        let text = fs::read_to_string(file).expect("it is text");
        let name = file.file_stem().expect("it has a name");
        parse(&name.to_string_lossy(), &text)
    };
    files.iter().map(|file| case(file)).collect()
}

pub(crate) fn parse(name: &str, text: &str) -> Case {
    let directives = text.lines().map_while(|line| line.strip_prefix(";; "));
    let directives: Vec<&str> = directives.collect();
    let find = |key: &str| directives.iter().find_map(|line| line.strip_prefix(key));
    let end = match (find("ends: "), find("refused: ")) {
        (Some(end), None) => End::Ends(end.to_owned()),
        (None, Some(error)) => End::Refused(error.to_owned()),
        _ => panic!("{name}: it ends or it is refused"),
    };
    let mut wasm = wat::parse_str(text).unwrap_or_else(|error| panic!("{name}: {error}"));
    let records = match find("records: ") {
        None => 1,
        Some("none") => 0,
        Some("twice") => 2,
        Some(other) => panic!("{name}: what are records {other}?"),
    };
    for _ in 0..records {
        append_record(&mut wasm);
    }
    Case {
        name: name.to_owned(),
        wasm,
        limits: limits(find("limits: ").unwrap_or_default()),
        end,
        says: find("says: ").map(str::to_owned),
        submit: |pool| submit(pool, misbehave, vec![1, 2, 3]),
        is_slow: false,
    }
}

/// Returns the module with a record of the task.
pub(crate) fn recorded(mut wasm: Vec<u8>) -> Vec<u8> {
    append_record(&mut wasm);
    wasm
}

fn append_record(wasm: &mut Vec<u8>) {
    const NAME: &str = sandpool_abi::RECORDS_SECTION;
    const SIZE: usize = 1 + NAME.len() + RECORD_BYTES.len();
    const { assert!(SIZE < 1 << 7, "sizes of one byte") };
    wasm.extend([0, SIZE as u8, NAME.len() as u8]);
    wasm.extend(NAME.as_bytes());
    wasm.extend(RECORD_BYTES);
}

fn limits(text: &str) -> Limits {
    text.split_whitespace().fold(Limits::new(), |limits, word| {
        let (name, value) = word.split_once('=').expect("name=value");
        let end = value
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(value.len());
        let (number, unit) = value.split_at(end);
        let number: usize = number.parse().expect("a number comes first");
        match (name, unit) {
            ("timeout", "ms") => limits.timeout(Duration::from_millis(number as u64)),
            ("memory", "MiB") => limits.memory_bytes(number << 20),
            ("table", "") => limits.table_elements(number),
            ("result", "KiB") => limits.result_bytes(number << 10),
            _ => panic!("{word}: there is no such limit"),
        }
    })
}
