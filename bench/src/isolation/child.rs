//! A forked process that does what it is told through a pipe: the oldest way to isolate a task, with
//! nothing around it.
//!
//! A request is a byte that says what to do and the length of the bytes that follow, 8 bytes in the
//! order of the machine; the answer is a length and as many bytes.

#![expect(unsafe_code, reason = "a fork is unsafe where there are other threads")]

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};

use nix::errno::Errno;
use nix::sys::prctl;
use nix::sys::signal::{self, Signal};
use nix::sys::wait;
use nix::unistd::{self, ForkResult, Pid};

/// What a child can be told to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Request {
    /// Return the bytes.
    Echo = 0,
    /// Never answer.
    Spin = 1,
    /// Abort.
    Crash = 2,
}

const HEADER: usize = 9;

/// A child process. Killed when dropped.
pub(super) struct Child {
    process: Pid,
    requests: File,
    answers: File,
}

impl Child {
    /// Forks. What a request brings has room in `buffer`, of which the child has its own copy.
    pub(super) fn fork(buffer: &mut [u8]) -> io::Result<Self> {
        let (from_parent, requests) = unistd::pipe()?;
        let (answers, to_parent) = unistd::pipe()?;
        // SAFETY: this process may have other threads, so until it ends the child may only do what a signal
        // handler may. `serve` makes system calls on descriptors and memory that exist already, and
        // `_exit` ends the child; nothing there allocates, locks, panics or unwinds.
        match unsafe { unistd::fork() }? {
            ForkResult::Child => {
                // Its siblings have the parent's ends of these pipes, too, so it would not see that
                // the parent is gone.
                _ = prctl::set_pdeathsig(Signal::SIGKILL);
                serve(from_parent.as_fd(), to_parent.as_fd(), buffer);
                // SAFETY: `_exit` may be called at any time.
                unsafe { nix::libc::_exit(0) }
            }
            ForkResult::Parent { child } => Ok(Self {
                process: child,
                requests: requests.into(),
                answers: answers.into(),
            }),
        }
    }

    /// The process, as `/proc` has it.
    pub(super) fn id(&self) -> String {
        self.process.to_string()
    }

    /// Sends a request with its bytes.
    pub(super) fn request(&mut self, request: Request, bytes: &[u8]) -> io::Result<()> {
        let mut header = [request as u8; HEADER];
        header[1..].copy_from_slice(&(bytes.len() as u64).to_ne_bytes());
        self.requests.write_all(&header)?;
        self.requests.write_all(bytes)
    }

    /// Receives the answer to a request. An error if the child has ended instead.
    pub(super) fn answer(&mut self) -> io::Result<Vec<u8>> {
        let mut len = [0; 8];
        self.answers.read_exact(&mut len)?;
        let len = usize::try_from(u64::from_ne_bytes(len)).map_err(io::Error::other)?;
        let mut bytes = Vec::with_capacity(len);
        let read = Read::by_ref(&mut self.answers)
            .take(len as u64)
            .read_to_end(&mut bytes)?;
        if read == len {
            Ok(bytes)
        } else {
            Err(io::ErrorKind::UnexpectedEof.into())
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It is this process's own child and has not been waited for, so the number is still its.
        _ = signal::kill(self.process, Signal::SIGKILL);
        while wait::waitpid(self.process, None) == Err(Errno::EINTR) {}
    }
}

/// The life of the child. Does only what a signal handler may do.
fn serve(requests: BorrowedFd<'_>, answers: BorrowedFd<'_>, buffer: &mut [u8]) {
    let mut header = [0; HEADER];
    while read_all(requests, &mut header) {
        let [request, len @ ..] = header;
        if request == Request::Spin as u8 {
            loop {
                std::hint::spin_loop();
            }
        }
        if request == Request::Crash as u8 {
            // As an abort, but without a core dump, which is not what is measured.
            _ = signal::kill(Pid::this(), Signal::SIGKILL);
        }
        let Some(bytes) = buffer.get_mut(..u64::from_ne_bytes(len) as usize) else {
            return;
        };
        if !read_all(requests, bytes) || !write_all(answers, &len) || !write_all(answers, bytes) {
            return;
        }
    }
}

/// Fills the bytes; whether there were so many.
fn read_all(from: BorrowedFd<'_>, bytes: &mut [u8]) -> bool {
    let mut done = 0;
    while let Some(rest) = bytes.get_mut(done..).filter(|rest| !rest.is_empty()) {
        match unistd::read(from, rest) {
            Ok(0) => return false,
            Ok(read) => done += read,
            Err(Errno::EINTR) => {}
            Err(_) => return false,
        }
    }
    true
}

/// Writes the bytes; whether all could be written.
fn write_all(to: BorrowedFd<'_>, bytes: &[u8]) -> bool {
    let mut done = 0;
    while let Some(rest) = bytes.get(done..).filter(|rest| !rest.is_empty()) {
        match unistd::write(to, rest) {
            Ok(written) => done += written,
            Err(Errno::EINTR) => {}
            Err(_) => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::{Child, Request};

    #[test]
    fn a_child_answers_with_what_it_was_sent() {
        let mut child = Child::fork(&mut [0; 100]).expect("a process can be forked");
        for bytes in [&b"abc"[..], b"", &[7; 100]] {
            child.request(Request::Echo, bytes).expect("it listens");
            assert_eq!(child.answer().expect("it answers"), bytes);
        }
    }

    #[test]
    fn a_crashed_child_has_no_answer() {
        let mut child = Child::fork(&mut []).expect("a process can be forked");
        child.request(Request::Crash, b"").expect("it listens");
        assert!(child.answer().is_err());
    }

    #[test]
    fn a_child_that_never_ends_is_killed_when_dropped() {
        let mut child = Child::fork(&mut []).expect("a process can be forked");
        child.request(Request::Spin, b"").expect("it listens");
        let process = child.process;
        drop(child);
        assert!(nix::sys::signal::kill(process, None).is_err());
    }
}
