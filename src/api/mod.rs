//! actix-web: routes, request and response types, authentication, problem+json, OpenAPI. No rule of law, no SQL.
