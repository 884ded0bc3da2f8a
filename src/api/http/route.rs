//! What a row of the route table says: method, path, who may call it, and what the path names.

use crate::case::Role;
use actix_web::http::Method;

/// An HTTP method that routes use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    /// GET
    Get,
    /// POST
    Post,
    /// PUT
    Put,
    /// PATCH
    Patch,
    /// DELETE
    Delete,
}

impl Verb {
    /// The name of the method in HTTP.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    pub(in crate::api) fn method(self) -> Method {
        match self {
            Self::Get => Method::GET,
            Self::Post => Method::POST,
            Self::Put => Method::PUT,
            Self::Patch => Method::PATCH,
            Self::Delete => Method::DELETE,
        }
    }
}

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anyone, without a token.
    Public,
    /// Anyone with a valid token; inside a scope, with any role there.
    Authenticated,
    /// Users with one of these roles in the scope; without a scope, in any organ.
    Roles(&'static [Role]),
}

/// What the path names. A caller without a role there gets 404, as if it did not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Nothing that belongs to an organ.
    None,
    /// `{organ_id}`.
    Organ,
    /// `{case_id}`: the organ of the case.
    Case,
    /// `{order_id}`: the organ that must answer the 督办单.
    Order,
    /// `{user_id}`: an organ in which that user holds a role.
    User,
    /// `{mail_id}`: the organ the mail is about.
    Mail,
}

impl Scope {
    /// The path parameter that names the thing.
    #[must_use]
    pub const fn parameter(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Organ => Some("organ_id"),
            Self::Case => Some("case_id"),
            Self::Order => Some("order_id"),
            Self::User => Some("user_id"),
            Self::Mail => Some("mail_id"),
        }
    }
}

/// One route.
#[derive(Clone, Copy)]
pub struct Route {
    /// Method.
    pub verb: Verb,
    /// Path template, from the root.
    pub path: &'static str,
    /// Who may call it.
    pub access: Access,
    /// The object its path names.
    pub scope: Scope,
    pub(in crate::api) handler: fn() -> actix_web::Route,
}

impl std::fmt::Debug for Route {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} {:?} {:?}", self.verb.name(), self.path, self.access, self.scope)
    }
}

impl Route {
    /// A route; `handler` is `|| web::to(the_function)`.
    #[must_use]
    pub const fn new(
        verb: Verb,
        path: &'static str,
        access: Access,
        scope: Scope,
        handler: fn() -> actix_web::Route,
    ) -> Self {
        Self { verb, path, access, scope, handler }
    }
}
