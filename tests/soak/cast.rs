//! The tasks, and how each has to end.

use std::time::Duration;

use fault_tasks as tasks;
use sandpool::{
    LoadError, ModuleInfo, ProcessPool, TaskErrorKind, TaskHandle, TaskModule, TrapKind,
};

use super::Violation;
use super::generation::limits;
use crate::random::Random;

/// Waits for a task and compares how it ended with how it has to.
pub(super) type Check = Box<dyn FnOnce() -> Result<(), Violation>>;

fn check<T: 'static>(
    name: &'static str,
    handle: TaskHandle<T>,
    is_right: impl FnOnce(&Result<T, TaskErrorKind>) -> bool + 'static,
) -> Check {
    Box::new(move || {
        let outcome = handle.join().map_err(|error| error.kind().clone());
        match is_right(&outcome) {
            true => Ok(()),
            false => Err(format!(
                "`{name}` did not end as it should: {:?}",
                outcome.map(drop)
            )),
        }
    })
}

fn text(error: impl std::fmt::Display) -> Violation {
    format!("a task was not accepted: {error}")
}

/// Submits a task that returns what is known beforehand.
pub(super) fn honest(pool: &ProcessPool, random: &mut Random) -> Result<Check, Violation> {
    let number = random.next();
    Ok(match number % 16 {
        0 => {
            let bytes = number.to_le_bytes().repeat(16);
            let expected = bytes.clone();
            let handle = pool.submit(tasks::echo_bytes, bytes).map_err(text)?;
            check("echo_bytes", handle, move |outcome| {
                outcome.as_ref().is_ok_and(|bytes| *bytes == expected)
            })
        }
        1 => {
            let handle = pool.submit(tasks::hoard, 64 << 10).map_err(text)?;
            check("hoard", handle, |outcome| matches!(outcome, Ok(16)))
        }
        2 => {
            let handle = pool.submit(tasks::spin_until, 1000).map_err(text)?;
            check("spin_until", handle, |outcome| matches!(outcome, Ok(1000)))
        }
        _ => {
            let (left, right) = (number as i32, (number >> 32) as i32);
            let handle = pool.submit(tasks::add, (left, right)).map_err(text)?;
            check("add", handle, move |outcome| {
                outcome
                    .as_ref()
                    .is_ok_and(|sum| *sum == left.wrapping_add(right))
            })
        }
    })
}

/// Submits a task that misbehaves. Those that take a millisecond come less often.
pub(super) fn misbehaving(
    pool: &ProcessPool,
    counts_fuel: bool,
    liars: &Liars,
    random: &mut Random,
) -> Result<Check, Violation> {
    use TaskErrorKind as Kind;
    let kind = |name, handle, is_kind: fn(&Kind) -> bool| {
        check(name, handle, move |outcome: &Result<(), Kind>| {
            outcome.as_ref().is_err_and(is_kind)
        })
    };
    Ok(match random.below(40) {
        0 => {
            let brief = pool.with(limits().timeout(Duration::from_millis(1)));
            let handle = brief.submit(tasks::spin, ()).map_err(text)?;
            kind("spin", handle, |kind| {
                matches!(kind, Kind::DeadlineExceeded { .. })
            })
        }
        1 => {
            let handle = pool.submit(tasks::spin, ()).map_err(text)?;
            Box::new(move || {
                while !handle.is_running() && !handle.is_finished() {
                    std::thread::yield_now();
                }
                match (handle.cancel(), handle.join()) {
                    (true, Err(error)) if error.is_cancelled() => Ok(()),
                    outcome => Err(format!("`spin` could not be cancelled: {outcome:?}")),
                }
            })
        }
        2 if counts_fuel => {
            let frugal = pool.with(limits().fuel(100_000));
            let handle = frugal.submit(tasks::spin, ()).map_err(text)?;
            kind("spin", handle, |kind| {
                matches!(kind, Kind::FuelExhausted { .. })
            })
        }
        3..=8 => {
            let message = "x".repeat(random.below(8000) as usize);
            let handle = pool.submit(tasks::boom, message).map_err(text)?;
            kind("boom", handle, |kind| matches!(kind, Kind::Panicked(_)))
        }
        9..=13 => {
            let handle = pool.submit(tasks::abort, ()).map_err(text)?;
            kind("abort", handle, |kind| {
                matches!(kind, Kind::Trapped(TrapKind::Unreachable))
            })
        }
        14..=17 => {
            let handle = pool.submit(tasks::wild_read, ()).map_err(text)?;
            check("wild_read", handle, |outcome| {
                matches!(outcome, Err(Kind::Trapped(TrapKind::MemoryOutOfBounds)))
            })
        }
        18 | 19 => {
            let handle = pool.submit(tasks::recurse, 0).map_err(text)?;
            check("recurse", handle, |outcome| {
                matches!(outcome, Err(Kind::StackOverflow { .. }))
            })
        }
        20..=23 => {
            let handle = pool.submit(tasks::hoard, 1 << 30).map_err(text)?;
            check("hoard", handle, |outcome| {
                matches!(outcome, Err(Kind::MemoryLimitExceeded { .. }))
            })
        }
        24 | 25 => {
            let handle = pool.submit(tasks::big_result, 100_000).map_err(text)?;
            check("big_result", handle, |outcome| {
                matches!(outcome, Err(Kind::ResultTooLarge { .. }))
            })
        }
        26 | 27 => {
            let handle = pool
                .submit(tasks::echo_bytes, vec![0; 100_000])
                .map_err(text)?;
            check("echo_bytes", handle, |outcome| {
                matches!(outcome, Err(Kind::ArgumentsTooLarge { .. }))
            })
        }
        28..=31 => {
            let handle = pool.submit_json("add", "[1, \"two\"]").map_err(text)?;
            check("add", handle, |outcome| {
                matches!(outcome, Err(Kind::BadArguments(_)))
            })
        }
        _ => liars.misbehaving(random)?,
    })
}

/// Guests that answer with what is none.
pub(super) struct Liars(Vec<ProcessPool>);

/// What their only task, which takes no argument, answers: a length in the upper half, a pointer in the lower. At
/// 32 there is a status that is none.
const LIES: [&str; 4] = [
    "i64.const -1",
    "i64.const 0",
    "i64.const 0x2_0000_ffff",
    "i64.const 0x2_0000_0020",
];

impl Liars {
    pub(super) fn load() -> Result<Self, Violation> {
        let pool = |lie: &&str| {
            let module = TaskModule::new(liar(lie)).map_err(|error| error.to_string())?;
            let pool = ProcessPool::builder(module).workers(1).limits(limits());
            pool.build().map_err(|error| error.to_string())
        };
        LIES.iter().map(pool).collect::<Result<_, _>>().map(Self)
    }

    pub(super) fn pools(&self) -> impl Iterator<Item = &ProcessPool> {
        self.0.iter()
    }

    fn misbehaving(&self, random: &mut Random) -> Result<Check, Violation> {
        let pool = &self.0[random.below(LIES.len() as u64) as usize];
        let handle = pool.submit_json("nothing", "null").map_err(text)?;
        Ok(check("a liar's task", handle, |outcome| {
            matches!(
                outcome,
                Err(TaskErrorKind::BadResult(_) | TaskErrorKind::ResultTooLarge { .. })
            )
        }))
    }
}

fn liar(lie: &str) -> Vec<u8> {
    const RECORD: sandpool_abi::Record = <tasks::nothing as sandpool::Task>::RECORD;
    const RECORD_BYTES: [u8; RECORD.len_bytes()] = RECORD.to_bytes();
    let record: String = RECORD_BYTES
        .iter()
        .map(|byte| format!("\\{byte:02x}"))
        .collect();
    let text = format!(
        r#"(module
            (@custom "sandpool.tasks" "{record}")
            (memory (export "memory") 1)
            (data (i32.const 32) "\09")
            (global (export "SANDPOOL_PANIC") i32 (i32.const 4096))
            (func (export "sandpool_alloc") (param i32) (result i32) i32.const 1024)
            (func (export "sandpool.scalar.nothing") (param i64 i64 i64 i64) (result i64) i64.const 7)
            (func (export "sandpool.task.nothing") (param i32 i32 i32) (result i64) {lie}))"#
    );
    wat::parse_str(text).expect("the text is a module")
}

/// Loads modules that have to be refused; returns how many.
pub(super) fn refuse(random: &mut Random) -> Result<u64, Violation> {
    let whole = fault_tasks::MODULE;
    // In the first half, where it ends within a section: in the last there are sections that can be missing.
    let cut = random.below(whole.len() as u64 / 2) as usize + 8;
    let noise: Vec<u8> = (0..1000).map(|_| random.next() as u8).collect();
    let foreign = r#"(module (import "env" "f" (func)))"#;
    let modules = [
        whole[..cut].to_vec(),
        noise.clone(),
        [b"\0asm\x01\0\0\0", &noise[..]].concat(),
        wat::parse_str(foreign).expect("the text is a module"),
    ];
    let number = modules.len() as u64;
    for module in modules {
        let refused = TaskModule::new(&module).map(drop);
        let looked_at = ModuleInfo::read(&module).and_then(|info| info.check());
        if refused.is_ok() {
            return Err(format!(
                "a module that is none was loaded: {:?}",
                &module[..20]
            ));
        }
        if let Err(LoadError::Compiler(reason)) = refused {
            return Err(format!("the compiler failed: {reason}; {looked_at:?}"));
        }
    }
    Ok(number)
}
