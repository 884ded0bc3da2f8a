//! Integration tests: law_vectors.
