//! Pairs sorted outside of memory, for finding duplicates in bounded memory.
