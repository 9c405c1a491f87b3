//! Black-box tests: one binary, a module for each subject.

mod faults;
