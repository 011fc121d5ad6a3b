//! The gateway over real sockets: the tests play both the vendor and the service behind, byte for byte.

mod ends;
mod failures;
mod headers;
mod passing;
mod support;
