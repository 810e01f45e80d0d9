//! Interleave, the laboratory's page.
