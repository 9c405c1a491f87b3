//! A parser with a bug, as they are found in parsers of other people's files.

use sandpool_guest::task;

/// Returns the records in `bytes`: each is a length, in one byte, and so many bytes.
///
/// Trusts the lengths: bytes that end within a record make it panic. That is what a sandbox is for.
#[task]
pub fn unpack(bytes: &[u8]) -> Vec<Vec<u8>> {
    let (mut records, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let end = at + 1 + usize::from(bytes[at]);
        records.push(bytes[at + 1..end].to_vec());
        at = end;
    }
    records
}

#[cfg(test)]
mod tests {
    use super::unpack;

    #[test]
    fn records_are_found_one_after_the_other() {
        assert_eq!(unpack(&[2, 7, 8, 0, 1, 9]), [vec![7, 8], vec![], vec![9]]);
        assert!(unpack(&[]).is_empty());
    }

    #[test]
    #[should_panic(expected = "out of range")]
    fn bytes_that_end_within_a_record_make_it_panic() {
        let _ = unpack(&[200, 1, 2, 3]);
    }
}
