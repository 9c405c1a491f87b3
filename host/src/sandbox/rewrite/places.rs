//! Where a function has to poll.
//!
//! What never ends, or might as well not, goes round a loop, or makes calls without number. So a function
//! polls in each turn of a loop, and at least once before it has called another: that is where it first does,
//! not where it begins, since many functions call in the rare case only. A function that calls none and has no
//! loop soon ends.
//!
//! A call that nothing follows but a trap is one to a function that does not return, as that of a panic. It
//! needs no poll: a guest makes no more of these than fit on its stack.

use wasmparser::Operator;

use crate::sandbox::rewrite::Result;

/// What is known of a function up to an instruction.
pub(super) struct Places {
    /// Whether each path to it polled.
    polled: bool,
    /// The blocks that it is in, the innermost last.
    blocks: Vec<Block>,
    last: Option<Last>,
}

/// The last instruction, where the next one says where to poll.
enum Last {
    /// The function polls before the next.
    Loop,
    /// It polls before this, which is there, if the next is not a trap.
    Call(usize),
}

/// A block, an `if` or a loop.
struct Block {
    /// Whether all paths that left it so far had polled.
    polled_at_end: bool,
    /// Of an `if` whose `else` did not come yet: whether the paths to it had polled.
    polled_at_else: Option<bool>,
}

impl Block {
    fn new(polled_at_else: Option<bool>) -> Self {
        Self {
            polled_at_end: true,
            polled_at_else,
        }
    }
}

impl Places {
    /// At the beginning of a function.
    pub(super) fn new() -> Self {
        Self {
            polled: false,
            // The function itself.
            blocks: vec![Block::new(None)],
            last: None,
        }
    }

    /// Goes past the next instruction, which is there. Returns the place of an instruction before which the
    /// function has to poll, where that is certain now: of this one, or the one before.
    pub(super) fn pass(&mut self, at: usize, operator: &Operator<'_>) -> Result<Option<usize>> {
        let place = match self.last.take() {
            Some(Last::Loop) => Some(at),
            Some(Last::Call(call)) if !matches!(operator, Operator::Unreachable) => {
                self.polled = true;
                Some(call)
            }
            _ => None,
        };
        match operator {
            Operator::Loop { .. } => {
                self.last = Some(Last::Loop);
                self.polled = true;
                self.blocks.push(Block::new(None));
            }
            Operator::Call { .. } | Operator::CallIndirect { .. } | Operator::CallRef { .. }
                if !self.polled =>
            {
                self.last = Some(Last::Call(at));
            }
            operator => self.follow(operator)?,
        }
        Ok(place)
    }

    fn follow(&mut self, operator: &Operator<'_>) -> Result<()> {
        match operator {
            Operator::Block { .. } => self.blocks.push(Block::new(None)),
            Operator::If { .. } => self.blocks.push(Block::new(Some(self.polled))),
            Operator::Else => {
                self.leave(0);
                if let Some(block) = self.blocks.last_mut() {
                    self.polled = block.polled_at_else.take().unwrap_or(false);
                }
            }
            Operator::End => {
                if let Some(block) = self.blocks.pop() {
                    self.polled &= block.polled_at_end && block.polled_at_else.unwrap_or(true);
                }
            }
            Operator::BrIf { relative_depth } => self.leave(*relative_depth),
            Operator::Br { relative_depth } => {
                self.leave(*relative_depth);
                self.end();
            }
            Operator::BrTable { targets } => {
                self.leave(targets.default());
                for target in targets.targets() {
                    self.leave(target?);
                }
                self.end();
            }
            Operator::Return | Operator::Unreachable => self.end(),
            _ => {}
        }
        Ok(())
    }

    /// A path leaves so many blocks and the one around them. To a loop it goes back, where it has polled.
    fn leave(&mut self, depth: u32) {
        let depth = usize::try_from(depth).unwrap_or(usize::MAX);
        if let Some(block) = self.blocks.iter_mut().rev().nth(depth) {
            block.polled_at_end &= self.polled;
        }
    }

    /// No path goes on from here.
    fn end(&mut self) {
        self.polled = true;
    }
}

#[cfg(test)]
mod tests {
    use wasmparser::{Parser, Payload};

    use super::Places;

    /// The places of a function `$f` with a parameter, by the numbers of their instructions. `$g` is another function.
    fn places(body: &str) -> Vec<usize> {
        let wat = format!("(module (func $g) (func $f (param i32) {body}))");
        let wasm = wat::parse_str(wat).unwrap();
        let bodies = Parser::new(0).parse_all(&wasm).map(Result::unwrap);
        let mut bodies = bodies.filter_map(|payload| match payload {
            Payload::CodeSectionEntry(body) => Some(body),
            _ => None,
        });
        let operators = bodies.nth(1).unwrap().get_operators_reader().unwrap();
        let mut function = Places::new();
        let places = operators.into_iter().enumerate();
        let places = places.map(|(at, operator)| function.pass(at, &operator.unwrap()).unwrap());
        places.flatten().collect()
    }

    #[test]
    fn each_loop_polls() {
        assert_eq!(places("loop loop end end"), [1, 2]);
        // Nor does it then before a call.
        assert_eq!(places("loop call $g br 0 end"), [1]);
        assert_eq!(places("loop end call $g"), [1]);
    }

    #[test]
    fn who_calls_polls_once() {
        assert!(places("").is_empty());
        assert_eq!(places("call $f call $f"), [0]);
        assert_eq!(places("local.get 0 if return end call $f call $f"), [4]);
        assert_eq!(
            places("local.get 0 if call $f else call $g end call $f"),
            [2, 4]
        );
        assert_eq!(places("block call $g end call $g"), [1]);
    }

    #[test]
    fn a_poll_counts_only_where_all_paths_have_been() {
        // 0: the condition, 1: `if`, 2: the call, 3: its end.
        assert_eq!(places("local.get 0 if call $g end call $g"), [2, 4]);
        assert_eq!(
            places("local.get 0 if nop else call $g end call $g"),
            [4, 6]
        );
        // Past a call, and out of two blocks.
        assert_eq!(
            places("block local.get 0 br_if 0 call $g end call $g"),
            [3, 5]
        );
        assert_eq!(
            places("block block local.get 0 br_table 0 1 end call $g end call $g"),
            [5, 7]
        );
        assert_eq!(
            places("block block local.get 0 br_table 1 0 end call $g end call $g"),
            [5, 7]
        );
        assert_eq!(
            places("block block local.get 0 if br 2 end end call $g end call $g"),
            [7, 9]
        );
        // Where one of two paths ends, the other counts.
        assert_eq!(
            places("local.get 0 if return else call $g end call $g"),
            [4]
        );
        assert_eq!(places("block br 0 end call $g"), [3]);
    }

    #[test]
    fn a_call_that_does_not_return_needs_no_poll() {
        assert!(places("local.get 0 if call $g unreachable end").is_empty());
        assert_eq!(
            places("local.get 0 if call $g unreachable end call $g"),
            [5]
        );
        assert_eq!(places("call $g call $g unreachable"), [0]);
        assert_eq!(places("call $g nop unreachable"), [0]);
    }
}
