//! What is on screen: pure functions of a trace and a cursor.
