//! What is changed in a module's functions: found by reading them once. What lies between is copied as it is.

use wasmparser::{FunctionBody, Parser, Payload};

use crate::sandbox::rewrite::Result;
use crate::sandbox::rewrite::bulk::{Constant, Whole};
use crate::sandbox::rewrite::places::Places;

/// A change.
pub(super) struct Edit {
    /// Where the instruction begins that is changed, in bytes of the module.
    pub(super) at: usize,
    pub(super) change: Change,
}

/// What is changed about an instruction.
pub(super) enum Change {
    /// The guest polls before it.
    Poll,
    /// It is done piece by piece, by a call.
    Call {
        whole: Whole,
        /// Where it ends.
        end: usize,
    },
}

/// Returns the changes of each function of a module, in the order of their places.
pub(super) fn of(wasm: &[u8], with_polls: bool) -> Result<Vec<Vec<Edit>>> {
    let mut functions = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        if let Payload::CodeSectionEntry(body) = payload? {
            functions.push(of_function(&body, with_polls)?);
        }
    }
    Ok(functions)
}

fn of_function(body: &FunctionBody<'_>, with_polls: bool) -> Result<Vec<Edit>> {
    let mut edits = Vec::new();
    let mut places = with_polls.then(Places::new);
    let mut last = Constant::default();
    let mut operators = body.get_operators_reader()?;
    while !operators.eof() {
        let at = operators.original_position();
        let operator = operators.read()?;
        if let Some(places) = &mut places
            && let Some(at) = places.pass(at, &operator)?
        {
            let change = Change::Poll;
            edits.push(Edit { at, change });
        }
        if let Some(whole) = last.pass(&operator) {
            let end = operators.original_position();
            let change = Change::Call { whole, end };
            edits.push(Edit { at, change });
        }
    }
    Ok(edits)
}
