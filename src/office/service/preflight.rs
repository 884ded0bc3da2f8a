//! Checks of the settings before anything is opened or created, so that a failed start leaves nothing behind.

use crate::config::Settings;
use crate::law::Calendar;
use crate::mail::smtp::Relay;
use crate::office::calendar::Calendars;

/// Checks the configured files and directories: calendars, templates, certificates.
///
/// # Errors
/// A text for the operator that names the setting.
pub fn check_settings(settings: &Settings) -> Result<(), String> {
    let calendars = Calendars::new(&settings.calendar.directory).brought_along();
    let calendars = calendars.map_err(|error| format!("calendar.directory: {error}"))?;
    Calendar::from_years(calendars.into_values().collect()).map_err(|error| format!("calendar.directory: {error}"))?;
    let templates = &settings.reminders.templates;
    if !templates.as_os_str().is_empty() && !templates.is_dir() {
        return Err("reminders.templates: 不是目录 / no such directory".to_owned());
    }
    Relay::from_settings(&settings.smtp).map_err(|error| error.to_string())?;
    Ok(())
}
