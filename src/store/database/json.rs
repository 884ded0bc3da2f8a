//! JSON that is kept in a column.

/// Reads stored JSON that was written from a struct. serde would read a list as a struct too, and `[]` as one of nothing
/// but defaults.
///
/// # Errors
/// [`serde_json::Error`] for anything but such an object.
pub fn stored_object<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, serde_json::Error> {
    let members: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text)?;
    serde_json::from_value(serde_json::Value::Object(members))
}
