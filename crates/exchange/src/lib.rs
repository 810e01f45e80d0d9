//! Files of other tools: traces of real systems are read, and made into scenarios ([`import`]).
//!
//! Pure, as the engine is: text in, text out, no clock, no input or output. Like the page and the command
//! line, it sees the engine's session, views and plain data, never the world.

pub mod import;
