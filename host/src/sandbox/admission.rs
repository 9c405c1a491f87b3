//! Whether a module may be compiled: looked at by a parser, before the compiler sees any of it.

use sandpool_abi::{
    ALLOC_EXPORT, MEMORY_EXPORT, PANIC_EXPORT, SCALAR_EXPORT_PREFIX, TASK_EXPORT_PREFIX,
};
use wasmparser::types::{EntityType, TypesRef};
use wasmparser::{FunctionBody, Operator, Parser, Payload, ValType, Validator};

use crate::error::LoadError;
use crate::grants::Grants;
use crate::load_limits::LoadLimits;
use crate::sandbox::features;
use crate::sandbox::info::{INITIALIZE, ModuleInfo, START};

/// How many types a module may have: there is code for each that functions can be called by.
const MAX_TYPES: usize = 10_000;

/// How large a function may be, in bytes of its code. The largest of well-known programs have some hundred
/// thousand; past that the compiler takes seconds for one.
const MAX_BODY_BYTES: usize = 1 << 20;

/// How many locals a function may have.
const MAX_LOCALS: usize = 20_000;

/// How many blocks, loops and branches of tables a function may have.
const MAX_BRANCHES: usize = 100_000;

/// How deep blocks may be in each other: it takes quadratic time to find the ends of those that are left.
const MAX_DEPTH: usize = 5_000;

/// How large the product of locals and branches may be: the compiler keeps the locals that live at each
/// branch. At this size, and with all of them alive, it takes seconds and some hundred megabytes.
const MAX_LOCALS_AT_BRANCHES: usize = 5_000_000;

/// Checks a module whose exports and imports are there.
///
/// # Errors
///
/// [`LoadError`]: too many functions, a part of WebAssembly that is off, malformed wasm, an export of another
/// type, a function that takes too long to compile.
pub(super) fn admit(
    wasm: &[u8],
    info: &ModuleInfo,
    limits: &LoadLimits,
    grants: &Grants,
) -> Result<(), LoadError> {
    if info.functions() > limits.functions {
        return Err(LoadError::TooManyFunctions {
            functions: info.functions(),
            limit: limits.functions,
        });
    }
    check_size(None, "types", info.types(), MAX_TYPES)?;
    let types = Validator::new_with_features(features::ON).validate_all(wasm);
    let types = types.map_err(|error| match features::missing(wasm) {
        Some(proposal) => LoadError::Feature {
            proposal,
            reason: error.to_string(),
        },
        None => invalid(error),
    })?;
    // A sandbox's place in the engine's pool has room for one, which is all that compilers make.
    let tables = types.as_ref().table_count();
    if tables > 1 {
        return Err(LoadError::Feature {
            proposal: "several tables",
            reason: format!("it has {tables}"),
        });
    }
    check_exports(types.as_ref(), info, grants.has_wasi())?;
    check_functions(wasm, info)
}

/// What the task ABI wants an export to be.
enum Wanted {
    Memory,
    Global,
    Function(&'static [ValType], &'static [ValType]),
}

const ALLOC: Wanted = Wanted::Function(&[ValType::I32], &[ValType::I32]);
const TASK: Wanted = Wanted::Function(&[ValType::I32; 3], &[ValType::I64]);
const SCALAR: Wanted = Wanted::Function(&[ValType::I64; 4], &[ValType::I64]);
/// What programs and modules for WASI begin with.
const BEGIN: Wanted = Wanted::Function(&[], &[]);

impl Wanted {
    fn of(name: &str, info: &ModuleInfo, has_wasi: bool) -> Option<Self> {
        match name {
            START if info.is_program() => return Some(BEGIN),
            INITIALIZE if has_wasi => return Some(BEGIN),
            MEMORY_EXPORT => return Some(Self::Memory),
            _ if info.is_program() => return None,
            _ => {}
        }
        let is_task = |task: &str| info.task(task).is_ok();
        match name {
            PANIC_EXPORT => Some(Self::Global),
            ALLOC_EXPORT => Some(ALLOC),
            _ => match name.strip_prefix(TASK_EXPORT_PREFIX) {
                Some(task) => is_task(task).then_some(TASK),
                None => {
                    let task = name.strip_prefix(SCALAR_EXPORT_PREFIX)?;
                    is_task(task).then_some(SCALAR)
                }
            },
        }
    }

    fn is(&self, types: TypesRef<'_>, found: EntityType) -> bool {
        match (self, found) {
            (Self::Memory, EntityType::Memory(_)) => true,
            (Self::Global, EntityType::Global(global)) => global.content_type == ValType::I32,
            (Self::Function(parameters, result), EntityType::Func(id)) => {
                let function = types[id].unwrap_func();
                function.params() == *parameters && function.results() == *result
            }
            _ => false,
        }
    }
}

impl std::fmt::Display for Wanted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Memory => f.write_str("a memory"),
            Self::Global => f.write_str("a global of type i32"),
            Self::Function(parameters, result) => signature(f, parameters, result),
        }
    }
}

fn signature(
    f: &mut dyn std::fmt::Write,
    parameters: &[ValType],
    results: &[ValType],
) -> std::fmt::Result {
    let list = |types: &[ValType]| {
        let names: Vec<String> = types.iter().map(ToString::to_string).collect();
        names.join(", ")
    };
    write!(
        f,
        "a function ({}) -> ({})",
        list(parameters),
        list(results)
    )
}

fn describe(types: TypesRef<'_>, found: EntityType) -> String {
    match found {
        EntityType::Memory(_) => "a memory".to_owned(),
        EntityType::Table(_) => "a table".to_owned(),
        EntityType::Global(global) => format!("a global of type {}", global.content_type),
        EntityType::Func(id) | EntityType::FuncExact(id) => {
            let function = types[id].unwrap_func();
            let mut text = String::new();
            let _ = signature(&mut text, function.params(), function.results());
            text
        }
        EntityType::Tag(_) => "a tag".to_owned(),
    }
}

fn check_exports(types: TypesRef<'_>, info: &ModuleInfo, has_wasi: bool) -> Result<(), LoadError> {
    for (name, found) in types.core_exports().into_iter().flatten() {
        match Wanted::of(name, info, has_wasi) {
            Some(wanted) if !wanted.is(types, found) => {
                return Err(LoadError::ExportType {
                    name: name.to_owned(),
                    expected: wanted.to_string(),
                    found: describe(types, found),
                });
            }
            _ => {}
        }
    }
    Ok(())
}

fn check_functions(wasm: &[u8], info: &ModuleInfo) -> Result<(), LoadError> {
    let mut function = u32::try_from(info.imported_functions()).unwrap_or(u32::MAX);
    for payload in Parser::new(0).parse_all(wasm) {
        if let Payload::CodeSectionEntry(body) = payload.map_err(invalid)? {
            check_function(function, &body)?;
            function = function.saturating_add(1);
        }
    }
    Ok(())
}

fn check_size(
    function: Option<u32>,
    what: &'static str,
    found: usize,
    limit: usize,
) -> Result<(), LoadError> {
    match found <= limit {
        true => Ok(()),
        false => Err(LoadError::TooComplex {
            function,
            what,
            found,
            limit,
        }),
    }
}

fn check_function(function: u32, body: &FunctionBody<'_>) -> Result<(), LoadError> {
    let check = |what, found, limit| check_size(Some(function), what, found, limit);
    check("bytes of code", body.range().len(), MAX_BODY_BYTES)?;
    let mut locals = 0_usize;
    for of_a_type in body.get_locals_reader().map_err(invalid)? {
        let (number, _) = of_a_type.map_err(invalid)?;
        locals = locals.saturating_add(number as usize);
    }
    check("locals", locals, MAX_LOCALS)?;
    let (mut branches, mut depth, mut deepest) = (1_usize, 0_usize, 0_usize);
    for operator in body.get_operators_reader().map_err(invalid)? {
        match operator.map_err(invalid)? {
            Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => {
                branches += 1;
                depth += 1;
                deepest = deepest.max(depth);
            }
            // The last one is the function's own.
            Operator::End => depth = depth.saturating_sub(1),
            Operator::Else | Operator::BrIf { .. } => branches += 1,
            Operator::BrTable { targets } => branches += targets.len() as usize,
            _ => {}
        }
    }
    check("blocks in each other", deepest, MAX_DEPTH)?;
    check("branches", branches, MAX_BRANCHES)?;
    check(
        "locals at branches",
        locals.saturating_mul(branches),
        MAX_LOCALS_AT_BRANCHES,
    )
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that `map_err` wants"
)]
fn invalid(error: wasmparser::BinaryReaderError) -> LoadError {
    LoadError::Invalid(error.to_string())
}
