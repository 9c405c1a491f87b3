//! Black-box tests: one binary, a module for each subject.

mod bounded;
mod callbacks;
mod cancel;
mod collections;
mod faults;
mod hostile_guests;
mod isolation;
mod joining;
mod limits;
mod loading;
mod mixed;
mod nested;
mod pools;
mod stress;
mod values;
