//! JSON stored in a column.

/// Parses stored JSON that was written from a struct. serde alone would accept a list as a struct, and `[]` as one with
/// all defaults.
///
/// # Errors
/// [`serde_json::Error`] if the text is not an object that fits `T`.
pub fn stored_object<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, serde_json::Error> {
    let members: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text)?;
    serde_json::from_value(serde_json::Value::Object(members))
}
