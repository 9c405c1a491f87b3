//! Black-box tests: one binary, a module for each subject.

mod as_completed;
mod bounded;
mod callbacks;
mod cancel;
mod collections;
mod conformance;
mod cpython_hangs;
mod crossing;
mod exits;
mod faults;
mod futures;
mod hostile_guests;
mod isolation;
mod joining;
mod limits;
mod loading;
mod many;
mod mixed;
mod nested;
mod pools;
mod shutdown;
mod values;
mod wait;
