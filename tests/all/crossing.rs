//! Values on their way into a sandbox and out of it: what fails there fails its task, and holds
//! nobody up.

use fault_tasks as tasks;
use sandpool::{Limits, Task, TaskError, TaskErrorKind};
use sandpool_abi::codec::CodecError;
use sandpool_abi::{Arguments, Encoding, Record, Reply};
use sandpool_tests::pool;

/// Larger than any buffer on the way.
const LARGE: usize = 8 << 20;

/// The task `echo`, with a host that sends it something else.
#[derive(Clone, Copy)]
struct Garbage;

impl Task for Garbage {
    type Args = ();
    type Output = ();
    const RECORD: Record = <tasks::echo as Task>::RECORD;

    fn encode(_: &()) -> Result<Arguments<'_>, CodecError> {
        Ok(Arguments::Encoded(Encoding::Postcard, vec![0xFF].into()))
    }

    fn decode(_: Reply<'_>) -> Result<(), CodecError> {
        Ok(())
    }
}

/// The task `nothing`, with a host that cannot decode its result.
#[derive(Clone, Copy)]
struct Undecodable;

impl Task for Undecodable {
    type Args = ();
    type Output = ();
    const RECORD: Record = <tasks::nothing as Task>::RECORD;

    fn encode(args: &()) -> Result<Arguments<'_>, CodecError> {
        <tasks::nothing as Task>::encode(args)
    }

    fn decode(_: Reply<'_>) -> Result<(), CodecError> {
        Err(CodecError::new("not what was expected"))
    }
}

/// Conformance: 94, 95, 96 (processes)
#[test]
fn what_cannot_be_encoded_or_decoded_fails_its_own_task() {
    let pool = pool(1, Limits::new());
    let before = pool.submit(tasks::add, (1, 1)).unwrap();
    let unencodable = pool.submit(tasks::unencodable_argument, tasks::Unencodable);
    let garbage = pool.submit(Garbage, ()).unwrap();
    let bad_result = pool.submit(tasks::unencodable_result, ()).unwrap();
    let undecodable = pool.submit(Undecodable, ()).unwrap();
    let after = pool.submit(tasks::add, (2, 2)).unwrap();

    let kind_of = |error: TaskError| error.kind().to_string();
    let kind = kind_of(unencodable.unwrap().join().unwrap_err());
    assert!(kind.starts_with("was given bad arguments: "), "{kind}");
    let error = garbage.join().unwrap_err();
    assert!(
        matches!(error.kind(), TaskErrorKind::BadArguments(_)),
        "{error}"
    );
    let Err(error) = bad_result.join() else {
        panic!("it cannot be encoded");
    };
    let kind = kind_of(error);
    assert!(kind.starts_with("returned a bad result: "), "{kind}");
    let kind = kind_of(undecodable.join().unwrap_err());
    assert_eq!(kind, "returned a bad result: not what was expected");
    assert_eq!((before.join().unwrap(), after.join().unwrap()), (2, 4));
}

/// Conformance: 97, 100 (processes)
#[test]
fn a_crash_with_large_values_on_their_way_fails_its_own_task() {
    let pool = pool(2, Limits::new());
    let large = || vec![7; LARGE];
    for _ in 0..3 {
        let value = || (large(), tasks::PanicsInGuest);
        let decoding = pool.submit(tasks::panics_at_decoding, value()).unwrap();
        let running = pool.submit(tasks::boom, "x".repeat(LARGE)).unwrap();
        let encoding = pool.submit(tasks::panics_at_encoding, LARGE as u32);
        let fine = pool.submit(tasks::echo_bytes, large()).unwrap();

        let error = decoding.join().unwrap_err();
        assert!(
            error.to_string().ends_with("cannot be decoded here"),
            "{error}"
        );
        assert!(running.join().unwrap_err().is_panic());
        let Err(error) = encoding.unwrap().join() else {
            panic!("it panics");
        };
        assert!(
            error.to_string().ends_with("cannot be encoded here"),
            "{error}"
        );
        assert!(fine.join().unwrap() == large());
    }
}

/// Conformance: 78, 79 (processes)
#[test]
fn workers_that_crash_all_at_once_each_fail_their_own_task() {
    let pool = pool(2, Limits::new());
    let crashes: Vec<_> = (0..20)
        .map(|_| {
            let abort = pool.submit(tasks::abort, ()).unwrap();
            let fine = pool.submit(tasks::add, (1, 1)).unwrap();
            let overflow = pool.submit(tasks::recurse, 0).unwrap();
            (abort, fine, overflow)
        })
        .collect();
    for (abort, fine, overflow) in crashes {
        let (abort, overflow) = (abort.join().unwrap_err(), overflow.join().unwrap_err());
        assert_eq!(abort.to_string(), "task `abort` trapped: abort");
        assert_eq!(
            overflow.to_string(),
            "task `recurse` used up its stack of 1048576 bytes"
        );
        assert_eq!(fine.join().unwrap(), 2);
    }
    assert_eq!(pool.stats().trapped, 40);
}
