//! A job that borrows, in a queue of jobs that do not. The only `unsafe` code of the crate.

use crate::cancel_token::CancelToken;
use crate::error::TaskErrorKind;
use crate::promise::Promise;
use crate::running::Desk;
use crate::scope::group::Member;
use crate::slot::{Job, Turn};
use crate::thread_pool::run_told;

/// A job that may borrow.
type Borrowing<'scope> = Box<dyn FnOnce(Turn<'_, Desk>) + Send + 'scope>;

/// A job of a scope.
pub(super) struct BorrowingJob<C, T> {
    pub(super) call: C,
    pub(super) promise: Promise<T>,
    pub(super) token: CancelToken,
}

impl<C, T> BorrowingJob<C, T>
where
    C: FnOnce(&CancelToken) -> T + Send,
    T: Send,
{
    fn run(self, turn: Turn<'_, Desk>) {
        let Self {
            call,
            promise,
            token,
        } = self;
        match turn {
            // It came too late, or a worker was faster than the one who cancels the scope: the promise
            // is dropped, which cancels the task.
            turn if token.is_cancelled() => drop(turn),
            Turn::Run { own, busy, .. } => run_told(call, promise, token, own, busy),
            Turn::Broken(reason) => promise.fail(TaskErrorKind::Broken(reason)),
        }
    }

    /// Makes a job of it that any queue takes, and that holds `member` until it is gone.
    pub(super) fn forget_borrow<'scope>(self, member: Member) -> Job<Desk>
    where
        C: 'scope,
        T: 'scope,
    {
        let job: Borrowing<'scope> = Box::new(move |turn| self.run(turn));
        #[expect(
            unsafe_code,
            reason = "nothing else lets a thread that lives on run what borrows"
        )]
        // SAFETY: the types differ in the lifetime only. What the job borrows is alive until it is gone:
        // `Held` keeps `member` until after that, run or not; and `scope`, the only one who makes such
        // jobs, does not return before its group has no member left, whether its body returns or
        // panics. The borrows outlive that call: its body is generic over 'scope, so that closures can
        // only borrow what is outside of it.
        let job = unsafe { std::mem::transmute::<Borrowing<'scope>, Job<Desk>>(job) };
        let held = Held { job, member };
        Box::new(move |turn| held.run(turn))
    }
}

/// A job and its place in the scope. The job is in a box of its own: a reference that is an argument
/// has to be valid until its function returns, and so no function that is given the job's references
/// may be the one that drops the member.
struct Held {
    job: Job<Desk>,
    /// Last: fields are dropped in the order of their declaration, and the scope may end when this is
    /// gone.
    member: Member,
}

impl Held {
    fn run(self, turn: Turn<'_, Desk>) {
        // First, and so dropped last, panic or not.
        let _member = self.member;
        (self.job)(turn);
    }
}
