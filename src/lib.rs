//! gongkai (公开): the disclosure office's case system. Dependencies run one way:
//! `cli`, `api` → `office` → `mail`, `report` → `store` → `case` → `law`; `law`, `case` and `report` are pure.

pub mod api;
pub mod case;
pub mod cli;
pub mod config;
pub mod law;
pub mod mail;
pub mod office;
pub mod report;
pub mod store;
