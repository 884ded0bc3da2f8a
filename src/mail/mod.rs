//! What leaves the house by mail: reminder policy, rendering, the outbox worker.
