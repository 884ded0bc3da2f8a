//! Which of the two Orders governs an application.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// 《政府信息公开条例》 in one of its two versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
pub enum Regime {
    /// 国务院令第492号, in force 2008-05-01 to 2019-05-14.
    #[serde(rename = "492")]
    Order492,
    /// 国务院令第711号, in force since 2019-05-15.
    #[serde(rename = "711")]
    Order711,
}

/// First day of Order 711 (Art. 56).
pub(crate) const ORDER_711_IN_FORCE: NaiveDate = match NaiveDate::from_ymd_opt(2019, 5, 15) {
    Some(day) => day,
    None => NaiveDate::MAX,
};

/// A correction under Order 492 that stops the period instead of being a reply: no article of the Order says so, the organ
/// decides by its region's rules (C-7).
pub const CORRECTION_PAUSE_ARTICLE: &str = "本机关设置（依地方规定）；《条例》（2007年）第二十一条第（四）项";

impl Regime {
    /// Both Orders, the older first.
    pub const ALL: [Self; 2] = [Self::Order492, Self::Order711];

    /// The Order that governs an application received on that day (C-10: the date of receipt decides, there is no
    /// transitional clause).
    #[must_use]
    pub fn for_receipt(received: NaiveDate) -> Self {
        if received < ORDER_711_IN_FORCE { Self::Order492 } else { Self::Order711 }
    }

    /// The code used in rows, JSON and on the command line.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Order492 => "492",
            Self::Order711 => "711",
        }
    }

    /// The Order of a code, if there is one.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|regime| regime.code() == code)
    }

    /// What a clerk reads.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Order492 => "2007年条例（国务院令第492号）",
            Self::Order711 => "2019年条例（国务院令第711号）",
        }
    }

    /// Working days for the reply: 15 (492, Art. 24(2)) or 20 (711, Art. 33(2)).
    #[must_use]
    pub const fn reply_days(self) -> u32 {
        match self {
            Self::Order492 => 15,
            Self::Order711 => 20,
        }
    }

    /// The most working days all extensions together may add: 15 or 20, same articles.
    #[must_use]
    pub const fn extension_max_days(self) -> u32 {
        self.reply_days()
    }

    /// Article of the reply period and of its extension.
    #[must_use]
    pub const fn reply_article(self) -> &'static str {
        match self {
            Self::Order492 => "《条例》（2007年）第二十四条第二款",
            Self::Order711 => "《条例》第三十三条第二款",
        }
    }

    /// Article that takes consultation time out of the reply period.
    #[must_use]
    pub const fn stop_article(self) -> &'static str {
        match self {
            Self::Order492 => "《条例》（2007年）第二十四条第三款",
            Self::Order711 => "《条例》第三十三条第三款",
        }
    }

    /// Article of the correction notice. Under 492 it is a reply (C-7).
    #[must_use]
    pub const fn correction_article(self) -> &'static str {
        match self {
            Self::Order492 => "《条例》（2007年）第二十一条第（四）项",
            Self::Order711 => "《条例》第三十条",
        }
    }

    /// The rule a correction rests on when the period `pauses` for it instead of starting anew (C-7), else `rule`; and the
    /// article.
    #[must_use]
    pub(crate) const fn correction_source(self, rule: &'static str, pauses: bool) -> (&'static str, &'static str) {
        if pauses { ("C-7", CORRECTION_PAUSE_ARTICLE) } else { (rule, self.correction_article()) }
    }
}
