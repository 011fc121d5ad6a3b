//! The protocol by which a change is final on every process, as models that a checker explores.
//!
//! A model's state holds what the processes, the database and the lines between them know at one moment; an action is
//! one step of one of them, or of time. The checker (stateright) walks every state that any order of steps leads to,
//! within bounds, and looks for one in which somebody judges by what was true before a change that was answered.
//!
//! What is modelled by leaving it free: nobody ever has to take a step. So a process that is stopped for any time, at
//! any point, is one that takes none; one that has crashed takes none ever again; and the one that is started in its
//! place is one that has not been there before. A database that restarts, a line that is cut and an answer that is
//! late fail what is under way, and may have done it nonetheless, or do it later. Notifications do not occur: nothing
//! rests on them. Time is durations alone, in steps, and each process's clock runs at a rate of its own.
//!
//! The decisions are the service's own ([`latchkey_service::finality`]). What stands between them is modelled:
//! - [`nodes`]: several nodes at one PostgreSQL server;
//! - [`watch`]: a server and the command line on one SQLite file.
//!
//! A model that cannot fail proves nothing: each takes a flaw, which weakens the protocol in one place, and the tests
//! see that every one of them is found.

pub mod nodes;
pub mod watch;
