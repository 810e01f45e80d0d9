//! What is on screen, a file for each part. Views read the state and send commands; they set nothing.

pub mod bar;
pub mod check;
pub mod compare;
pub mod dialogs;
pub mod dock;
pub mod faults;
pub mod first_visit;
pub mod graph;
pub mod graph_menu;
pub mod graph_table;
pub mod header;
pub mod icons;
pub mod inspector;
pub mod lanes;
pub mod learn;
pub mod left;
pub mod live;
pub mod log;
pub mod metrics;
pub mod rows;
pub mod runs;
pub mod scrubber;
pub mod spans;
pub mod stage;
pub mod strip;
pub mod timeline;
