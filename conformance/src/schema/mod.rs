//! The protobuf messages of the fixture formats, by hand: prost needs no compiler for them, and the numbers are public.
//! A message knows its bytes and nothing of what they mean.

pub mod firedancer;
pub mod mollusk;
