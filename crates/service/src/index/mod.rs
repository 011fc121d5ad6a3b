//! What verdicts are made of, in memory.

mod settle;
